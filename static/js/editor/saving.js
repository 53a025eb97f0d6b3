// Saves the text to the server, every few seconds and when the user leaves the page. Until the server
// has received it, this browser keeps it.

import { deleteDraft, loadDraft, saveDraft } from "../kept.js";
import { gettext, locale } from "../texts.js";

const PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
// Browsers send up to 64 KiB after a page was closed (Fetch Standard, 4.7).
const SENT_AFTER_LEAVING = 60_000;
const FIELDS = [
  "title", "body", "tags", "slug", "language", "excerpt", "canonical_url", "cover",
  "comments_open",
];
const VERSIONS = ["version", "copy_version"];

const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });

/** Read the fields of the form. */
function readFields(form) {
  const data = new FormData(form);
  return Object.fromEntries(FIELDS.map((name) => [name, data.get(name) ?? ""]));
}

function isSame(one, other) {
  // The server strips spaces at the ends.
  return ["title", "body"].every((name) => (one[name] ?? "").trim() === (other[name] ?? "").trim());
}

/** Read the initial values of the fields: the user may have typed before this script was loaded. */
function readInitialFields(form) {
  const values = FIELDS.map((name) => {
    const field = form.elements[name];
    if (!field.length) return [name, field.defaultValue];
    // Radio buttons, or the checkbox `comments_open` with its hidden field.
    const chosen = [...field].find((each) => each.defaultChecked)?.value ?? "";
    return [name, field[0].type === "radio" ? chosen : String(field[0].defaultChecked)];
  });
  return Object.fromEntries(values);
}

export class Saving {
  /**
   * @param form the form of the editor; its data attributes have the URL for saving, and the name of
   *     the draft in this browser.
   * @param showStatus shows a status: a text, and whether it is a problem.
   * @param askWhichVersion shows another version; resolves to whether to use it.
   * @param showOther puts the fields of another version into the form.
   */
  constructor(form, { showStatus, askWhichVersion, showOther }) {
    Object.assign(this, { form, showStatus, askWhichVersion, showOther });
    // After a refused form, the page shows text that is not saved.
    this.saved = "unsaved" in form.dataset ? null : JSON.stringify(readInitialFields(form));
    this.sent = null;
    this.running = null;
    this.failures = 0;
    this.isPaused = false;
    this.token = crypto.randomUUID?.() ?? String(Math.random());
    form.addEventListener("input", () => this.handleChange());
    form.addEventListener("change", () => this.handleChange());
    form.addEventListener("submit", (event) => this.beforeSubmit(event));
    addEventListener("online", () => this.save());
    addEventListener("pagehide", () => this.save());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.isPaused = false;
    });
    document.addEventListener("visibilitychange", () => this.handleVisibility());
    this.restore();
    this.handleChange();
  }

  get name() {
    return this.form.dataset.kept;
  }

  get isChanged() {
    return JSON.stringify(readFields(this.form)) !== this.saved;
  }

  versions() {
    return Object.fromEntries(VERSIONS.map((name) => [name, this.form.elements[name].value]));
  }

  setVersions(content) {
    for (const name of VERSIONS) this.form.elements[name].value = content[name];
  }

  /** Restore the draft in this browser, if the server has not received it. */
  async restore() {
    const text = loadDraft(this.name);
    if (text === null) return;
    const { fields, token, ...versions } = JSON.parse(text);
    if (isSame(fields, readFields(this.form))) {
      deleteDraft(this.name);
    } else if (VERSIONS.every((name) => versions[name] === this.form.elements[name].value)) {
      // The server may already have it, if the page was closed before the response arrived.
      this.token = token;
      this.showOther(fields);
      this.showStatus(gettext("Restored unsaved text from this browser"));
      this.handleChange();
    } else {
      this.isPaused = true;
      const isWanted = await this.askWhichVersion(
        fields,
        gettext("This browser has unsaved text, and another version has been saved since."),
      );
      this.isPaused = false;
      if (isWanted) this.showOther(fields);
      else deleteDraft(this.name);
      this.handleChange();
    }
  }

  handleChange() {
    if (!this.isChanged) return;
    const { token } = this;
    saveDraft(this.name, JSON.stringify({ fields: readFields(this.form), token, ...this.versions() }));
    this.schedule(PAUSE);
  }

  schedule(pause) {
    if (this.timer) return;
    this.timer = setTimeout(() => this.save(), pause);
  }

  /** Save the changes, one request at a time. */
  save({ evenIfSame = false } = {}) {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.isPaused || this.running || !(evenIfSame || this.isChanged)) return this.running;
    this.running = this.send().finally(() => {
      this.running = null;
      if (this.isChanged && !this.isPaused) {
        if ((document.hidden || this.saved === null) && !this.failures) this.save();
        else this.schedule(Math.min(PAUSE * 2 ** this.failures, LONGEST_PAUSE));
      }
    });
    return this.running;
  }

  async send() {
    const fields = readFields(this.form);
    const body = new URLSearchParams({
      csrf_token: this.form.elements.csrf_token.value,
      submission: this.token,
      ...this.versions(),
      ...fields,
    });
    const lastSent = this.sent;
    this.sent = fields;
    let response;
    let content = null;
    try {
      response = await fetch(this.form.dataset.autosave, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        keepalive: String(body).length < SENT_AFTER_LEAVING,
        redirect: "error",
      });
      if (/json/.test(response.headers.get("Content-Type") ?? "")) content = await response.json();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.failures += 1;
      this.showStatus(gettext("Not saved: no connection. Your text is saved in this browser"), true);
      return;
    }
    if (response.ok && content) this.handleSaved(fields, content);
    else if (response.status === 409 && content) await this.resolveConflict(fields, lastSent, content);
    else this.handleRefusal(response.status, content);
  }

  handleSaved(fields, content) {
    const isNew = content.draft !== this.name.replace(/^\d+:/, "");
    this.failures = 0;
    this.saved = JSON.stringify(fields);
    deleteDraft(this.name);
    this.setVersions(content);
    if (isNew) {
      this.form.action = content.address;
      this.form.dataset.autosave = content.autosave;
      this.form.dataset.kept = this.name.replace(/:.*/, `:${content.draft}`);
      history.replaceState(null, "", content.address);
    }
    if (this.isChanged) this.handleChange();
    const wrong = Object.values(content.errors ?? {});
    const [first] = wrong;
    const saved = { time: time.format(), problem: first };
    if (first) this.showStatus(gettext("Saved %(time)s, but not everything. %(problem)s", saved), true);
    else this.showStatus(gettext("Saved %(time)s", saved));
  }

  /** Another tab or device has saved something else. */
  async resolveConflict(fields, lastSent, other) {
    if (lastSent && isSame(lastSent, other.fields)) {
      // It was this tab, but the response got lost.
      this.setVersions(other);
      return;
    }
    const isMineUnchanged = JSON.stringify(fields) === this.saved;
    this.isPaused = true;
    const isWanted = isMineUnchanged || (await this.askWhichVersion(other.fields, null, other.saved_at));
    this.isPaused = false;
    this.setVersions(other);
    if (isWanted) {
      this.showOther(other.fields);
      this.saved = JSON.stringify(readFields(this.form));
      deleteDraft(this.name);
      this.showStatus(gettext("Showing the other version"));
    } else {
      this.saved = null;
    }
  }

  handleRefusal(status, content) {
    this.failures += 1;
    const isLoggedOut = [400, 401, 403].includes(status);
    if (isLoggedOut) {
      this.isPaused = true;
      this.showStatus(
        gettext("Not saved: you’ve been logged out. Your text is saved in this browser; press Save to log in"),
        true,
      );
    } else if (status === 404) {
      this.isPaused = true;
      this.showStatus(gettext("Not saved: this post was deleted. Your text is saved in this browser"), true);
    } else {
      const [problem] = content?.errors ?? [];
      const reason = problem?.message ?? content?.detail;
      this.showStatus(
        reason
          ? gettext("Not saved: %(reason)s Your text is saved in this browser", { reason })
          : gettext("Not saved: the site isn’t responding. Your text is saved in this browser"),
        true,
      );
    }
  }

  /** Submit the form after the request in progress, or it would conflict with itself. */
  async beforeSubmit(event) {
    this.isPaused = true;
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.running) return;
    event.preventDefault();
    await this.running;
    this.isPaused = true;
    this.form.requestSubmit(event.submitter);
  }

  handleVisibility() {
    if (document.hidden) this.save();
    // Another device may have saved changes in the meantime.
    else if (this.form.dataset.status === "draft" && this.form.elements.version.value !== "0") {
      this.save({ evenIfSame: true });
    }
  }
}
