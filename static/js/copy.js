// Puts a button into each block of code of a post that copies it.

import { gettext } from "./texts.js";

const SHOWN_MILLISECONDS = 2000;

/** Give a block of code its button. */
function equip(block) {
  const box = document.createElement("div");
  box.className = "code-box";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = gettext("Copy");
  button.ariaLabel = gettext("Copy code");
  // Tells screen readers what came of it; the label of a button is not read again.
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.role = "status";
  block.replaceWith(box);
  box.append(block, button, status);

  let pause;
  button.addEventListener("click", async () => {
    let outcome = gettext("Copied");
    try {
      await navigator.clipboard.writeText(block.textContent);
    } catch {
      outcome = gettext("Couldn’t copy");
    }
    button.textContent = status.textContent = outcome;
    button.dataset.done = "";
    clearTimeout(pause);
    pause = setTimeout(() => {
      button.textContent = gettext("Copy");
      status.textContent = "";
      delete button.dataset.done;
    }, SHOWN_MILLISECONDS);
  });
}

// Browsers have no clipboard for pages without TLS.
if (navigator.clipboard) document.querySelectorAll(".prose pre").forEach(equip);
