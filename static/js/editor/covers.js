// The choice of a cover: a radio button for each image, including new uploads.

import { gettext } from "../texts.js";

/**
 * @param place the element with the radio buttons.
 * @param id the id of the image to choose; empty for none.
 * @param image the URL, the alternative text and the size of the image, if it was just uploaded.
 */
export function chooseCover(place, id, image) {
  const choices = [...place.querySelectorAll("input")];
  let chosen = choices.find(({ value }) => value === id);
  if (!chosen) {
    const choice = place.firstElementChild.cloneNode(true);
    chosen = choice.querySelector("input");
    chosen.value = id;
    // Another tab or device may have chosen an image that this page has not seen.
    const label = choice.querySelector("span");
    if (image) {
      const picture = Object.assign(new Image(image.width, image.height), {
        src: image.url,
        alt: image.alt || gettext("Image without alt text"),
      });
      label.replaceWith(picture);
    } else {
      label.textContent = gettext("Cover chosen in another tab");
    }
    place.children[0].after(choice);
  }
  chosen.checked = true;
}
