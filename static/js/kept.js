// Drafts that this browser keeps until they have reached the server. Each has a name that starts with
// the id of the account, such as "7:post" for the form on the home page, or "7:edit:12".

const PREFIX = "draft:";

/** The storage; null if the user does not allow it. */
function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

const storage = openStorage();

/** Load the draft with a name; null if there is none. */
export function loadDraft(name) {
  return storage?.getItem(PREFIX + name) ?? null;
}

/** Save a draft, and return whether there was space for it. */
export function saveDraft(name, text) {
  try {
    storage?.setItem(PREFIX + name, text);
    return storage !== null;
  } catch (error) {
    // The storage is full: the text is still in the form.
    if (error.name !== "QuotaExceededError") throw error;
    return false;
  }
}

/** Delete a draft, and drafts of older versions of the same text. */
export function deleteDraft(name) {
  for (const key of Object.keys(storage ?? {})) {
    if (key === PREFIX + name || key.startsWith(`${PREFIX}${name}:`)) storage.removeItem(key);
  }
}

/** Delete the drafts that have reached the server, which names them in a cookie. */
function deleteSentDrafts() {
  const [, name, sent] = /(?:^|; )([^=;]*sent_drafts)=([^;]*)/.exec(document.cookie) ?? [];
  if (!name) return;
  sent.split("|").forEach(deleteDraft);
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=; Path=/; Max-Age=0; SameSite=Lax${secure}`;
}

deleteSentDrafts();
