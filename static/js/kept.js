// Texts that this browser keeps until they have reached the server. Each has a name, such as
// "7:post" for the form of the home page or "7:edit:12", that begins with the id of the account.

const PREFIX = "draft:";

/** The storage, or nothing where the reader does not allow it. */
function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

const storage = openStorage();

/** What is kept under a name; null if that is nothing. */
export function kept(name) {
  return storage?.getItem(PREFIX + name) ?? null;
}

/** Keep a text; whether there was room for it. */
export function keep(name, text) {
  try {
    storage?.setItem(PREFIX + name, text);
    return storage !== null;
  } catch (error) {
    // The storage is full: the text is still in the form.
    if (error.name !== "QuotaExceededError") throw error;
    return false;
  }
}

/** Forget a text, and those of older versions of what it is about. */
export function forget(name) {
  for (const key of Object.keys(storage ?? {})) {
    if (key === PREFIX + name || key.startsWith(`${PREFIX}${name}:`)) storage.removeItem(key);
  }
}

/** Forget the texts that have reached the server, which it names in a cookie. */
function forgetSent() {
  const [, name, sent] = /(?:^|; )([^=;]*sent_drafts)=([^;]*)/.exec(document.cookie) ?? [];
  if (!name) return;
  sent.split("|").forEach(forget);
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=; Path=/; Max-Age=0; SameSite=Lax${secure}`;
}

forgetSent();
