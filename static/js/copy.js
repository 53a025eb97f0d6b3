// Adds a button to each code block of a post that copies the code.

import { gettext } from "./texts.js";

const SHOWN_MILLISECONDS = 2000;

/** Add the button to a code block. */
function addCopyButton(block) {
  const box = document.createElement("div");
  box.className = "code-box";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = gettext("Copy");
  button.ariaLabel = gettext("Copy code");
  // Tells screen readers the result, because a changed label of a button is not read.
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

// Browsers don't give pages without TLS access to the clipboard.
if (navigator.clipboard) document.querySelectorAll(".prose pre").forEach(addCopyButton);
