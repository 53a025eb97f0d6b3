// Keeps what is being typed in this browser until it is published, so that it survives a reload.
// Each form names its draft; the page after the publication names the one that has done its work.

const PREFIX = "draft:";

/** The storage, or nothing where the reader does not allow it. */
function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function forget(storage, draft) {
  for (const key of Object.keys(storage)) {
    // An edit's draft ends with the version of the post that it began from.
    if (key === PREFIX + draft || key.startsWith(`${PREFIX}${draft}:`)) storage.removeItem(key);
  }
}

/** Bring the draft of one form back, and keep it from now on. */
function watch(storage, form) {
  const text = form.elements.body;
  const note = form.querySelector("[data-draft-note]");
  const key = PREFIX + form.dataset.draft;

  // A text that the browser itself has brought back is newer.
  const kept = text.value === text.defaultValue ? storage.getItem(key) : null;
  if (kept !== null && kept !== text.defaultValue) {
    text.value = kept;
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
    try {
      if (text.value === text.defaultValue) storage.removeItem(key);
      else storage.setItem(key, text.value);
    } catch (error) {
      // The storage is full: the text is still in the form.
      if (error.name !== "QuotaExceededError") throw error;
    }
  });
}

const storage = openStorage();
if (storage) {
  document.querySelectorAll("[data-published]").forEach((element) => {
    forget(storage, element.dataset.published);
  });
  document.querySelectorAll("form[data-draft]").forEach((form) => watch(storage, form));
}
