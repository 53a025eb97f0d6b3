// Saves the text of a small form in this browser until it is published, so that it survives a
// reload. The editor does more: see editor/saving.js.

import { deleteDraft, loadDraft, saveDraft } from "./kept.js";

/** Restore the draft of a form, and save it from now on. */
function keepDraft(form) {
  const text = form.elements.body;
  const note = form.querySelector("[data-draft-note]");
  const name = form.dataset.draft;

  // A text that the browser itself has restored is newer.
  const draft = text.value === text.defaultValue ? loadDraft(name) : null;
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
    if (text.value === text.defaultValue) deleteDraft(name);
    else saveDraft(name, text.value);
  });
}

document.querySelectorAll("form[data-draft]").forEach(keepDraft);
