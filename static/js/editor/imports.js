// Offers to copy images from other sites, of which readers only see links.

import { gettext, ngettext } from "../texts.js";
import { replace } from "./text.js";

const REMOTE = /!\[((?:[^[\]\\]|\\.)*)\]\(\s*<?(https?:\/\/[^\s<>()]+)/g;

function remoteImages(text) {
  return [...text.matchAll(REMOTE)].map(([whole, alt, url]) => ({ alt, url, whole }));
}

/** Have the server copy an image; resolves to the copy, rejects with a message. */
async function copyImage(endpoint, token, { alt, url }) {
  const response = await fetch(endpoint, {
    method: "POST",
    body: new URLSearchParams({ csrf_token: token, url, alt: alt.replace(/\\(.)/g, "$1") }),
    headers: { Accept: "application/json" },
    redirect: "error",
  });
  const content = await response.json().catch(() => null);
  if (response.status === 201 && content) return content;
  throw new Error(content?.errors?.[0]?.message ?? content?.detail ?? gettext("The image couldn’t be copied."));
}

/** Replace all images with a URL by the copy. */
function replaceUrl(field, url, name) {
  for (;;) {
    const found = [...field.value.matchAll(REMOTE)].find((each) => each[2] === url);
    if (!found) return;
    const end = found.index + found[0].length;
    replace(field, end - url.length, end, `/media/${name}`);
  }
}

/**
 * Point out images from other sites, and copy them if the author wants that.
 *
 * @param field the text.
 * @param offer the element of the offer; its data attribute has the URL that copies an image.
 * @param token a function that returns the CSRF token.
 */
export function offerImports(field, offer, token) {
  const words = offer.querySelector("[data-part=remote-words]");
  const button = offer.querySelector("[data-part=import-images]");

  function refresh() {
    const { length } = remoteImages(field.value);
    offer.hidden = length === 0;
    const text = ngettext(
      "One image is on another site. Readers will see a link to it.",
      "%(num)s images are on other sites. Readers will see links to them.",
      length,
    );
    if (length && words.textContent !== text) words.textContent = text;
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    let problem = "";
    try {
      for (const image of remoteImages(field.value)) {
        if (!field.value.includes(image.whole)) continue;
        words.textContent = gettext("Copying %(url)s …", { url: image.url });
        try {
          const { name } = await copyImage(offer.dataset.import, token(), image);
          replaceUrl(field, image.url, name);
        } catch (error) {
          problem = `${image.url}: ${error.message}`;
        }
      }
    } finally {
      button.disabled = false;
      refresh();
      if (problem && !offer.hidden) words.textContent = problem;
    }
  });
  field.addEventListener("input", refresh);
  refresh();
}
