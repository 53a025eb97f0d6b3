// Images of other sites in the text, of which readers see links: the author is offered copies.

import { gettext, ngettext } from "../texts.js";
import { replace } from "./text.js";

const REMOTE = /!\[((?:[^[\]\\]|\\.)*)\]\(\s*<?(https?:\/\/[^\s<>()]+)/g;

function remoteImages(text) {
  return [...text.matchAll(REMOTE)].map(([whole, alt, url]) => ({ alt, url, whole }));
}

/** Have the server copy an image; resolves to the answer, rejects with words. */
async function copy(address, token, { alt, url }) {
  const response = await fetch(address, {
    method: "POST",
    body: new URLSearchParams({ csrf_token: token, url, alt: alt.replace(/\\(.)/g, "$1") }),
    headers: { Accept: "application/json" },
    redirect: "error",
  });
  const answer = await response.json().catch(() => null);
  if (response.status === 201 && answer) return answer;
  throw new Error(answer?.errors?.[0]?.message ?? answer?.detail ?? gettext("The image couldn’t be copied."));
}

/** Put copies in the place of all images with an address. */
function replaceAddress(field, url, name) {
  for (;;) {
    const found = [...field.value.matchAll(REMOTE)].find((each) => each[2] === url);
    if (!found) return;
    const end = found.index + found[0].length;
    replace(field, end - url.length, end, `/media/${name}`);
  }
}

/**
 * Tell of images of other sites, and copy them where that is wanted.
 *
 * @param field the text.
 * @param offer where it is told; its data attribute says which address copies an image.
 * @param token gives the CSRF token.
 */
export function offerImports(field, offer, token) {
  const words = offer.querySelector("[data-part=remote-words]");
  const button = offer.querySelector("[data-part=import-images]");

  function look() {
    const { length } = remoteImages(field.value);
    offer.hidden = length === 0;
    const told = ngettext(
      "One image is on another site. Readers will see a link to it.",
      "%(num)s images are on other sites. Readers will see links to them.",
      length,
    );
    if (length && words.textContent !== told) words.textContent = told;
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    let problem = "";
    try {
      for (const image of remoteImages(field.value)) {
        if (!field.value.includes(image.whole)) continue;
        words.textContent = gettext("Copying %(url)s …", { url: image.url });
        try {
          const { name } = await copy(offer.dataset.import, token(), image);
          replaceAddress(field, image.url, name);
        } catch (error) {
          problem = `${image.url}: ${error.message}`;
        }
      }
    } finally {
      button.disabled = false;
      look();
      if (problem && !offer.hidden) words.textContent = problem;
    }
  });
  field.addEventListener("input", look);
  look();
}
