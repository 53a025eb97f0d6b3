// Keeps what is being typed into a small form in this browser until it is published, so that it
// survives a reload. The editor does more: see editor/saving.js.

import { forget, keep, kept } from "./kept.js";

/** Bring the draft of one form back, and keep it from now on. */
function watch(form) {
  const text = form.elements.body;
  const note = form.querySelector("[data-draft-note]");
  const name = form.dataset.draft;

  // A text that the browser itself has brought back is newer.
  const draft = text.value === text.defaultValue ? kept(name) : null;
  if (draft !== null && draft !== text.defaultValue) {
    text.value = draft;
    note.hidden = false;
    text.dispatchEvent(new Event("input"));
  }
  note.querySelector("button").addEventListener("click", () => {
    text.value = text.defaultValue;
    note.hidden = true;
    text.dispatchEvent(new Event("input"));
    text.focus();
  });
  text.addEventListener("input", () => {
    if (text.value === text.defaultValue) forget(name);
    else keep(name, text.value);
  });
}

document.querySelectorAll("form[data-draft]").forEach(watch);
