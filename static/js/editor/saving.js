// Saves what is being written to the server, every few seconds and when the page is left. Until the
// server has it, this browser keeps it.

import { forget, keep, kept } from "../kept.js";
import { gettext, locale } from "../texts.js";

const PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
// Browsers send up to 64 KiB for a page that is gone (Fetch Standard, 4.7).
const SENT_AFTER_LEAVING = 60_000;
const FIELDS = [
  "title", "body", "tags", "slug", "language", "excerpt", "canonical_url", "cover",
  "comments_open",
];
const VERSIONS = ["version", "copy_version"];

const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });

/** What stands in the fields of the form. */
function fieldsOf(form) {
  const data = new FormData(form);
  return Object.fromEntries(FIELDS.map((name) => [name, data.get(name) ?? ""]));
}

function isSame(one, other) {
  // The server keeps no spaces at the ends.
  return ["title", "body"].every((name) => (one[name] ?? "").trim() === (other[name] ?? "").trim());
}

/** What stood in them when the page came: somebody may have typed before this script was there. */
function fieldsAtFirst(form) {
  const values = FIELDS.map((name) => {
    const field = form.elements[name];
    if (!field.length) return [name, field.defaultValue];
    // Radio buttons, or the box of `comments_open` with a hidden field beside it.
    const chosen = [...field].find((each) => each.defaultChecked)?.value ?? "";
    return [name, field[0].type === "radio" ? chosen : String(field[0].defaultChecked)];
  });
  return Object.fromEntries(values);
}

export class Saving {
  /**
   * @param form the form of the editor; its data attributes say where it is saved, and under which
   *     name this browser keeps it.
   * @param say shows a status: a text, and whether it is a bad one.
   * @param askWhich shows another version of the text; resolves to whether it is to be used.
   * @param showOther puts the fields of another version into the form.
   */
  constructor(form, { say, askWhich, showOther }) {
    Object.assign(this, { form, say, askWhich, showOther });
    // The page of a refused form shows what is not saved.
    this.saved = "unsaved" in form.dataset ? null : JSON.stringify(fieldsAtFirst(form));
    this.sent = null;
    this.running = null;
    this.failures = 0;
    this.isPaused = false;
    this.token = crypto.randomUUID?.() ?? String(Math.random());
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", (event) => this.beforeSubmit(event));
    addEventListener("online", () => this.save());
    addEventListener("pagehide", () => this.save());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.isPaused = false;
    });
    document.addEventListener("visibilitychange", () => this.visibilityChanged());
    this.restore();
    this.changed();
  }

  get name() {
    return this.form.dataset.kept;
  }

  get isChanged() {
    return JSON.stringify(fieldsOf(this.form)) !== this.saved;
  }

  versions() {
    return Object.fromEntries(VERSIONS.map((name) => [name, this.form.elements[name].value]));
  }

  setVersions(answer) {
    for (const name of VERSIONS) this.form.elements[name].value = answer[name];
  }

  /** Bring back what this browser has kept, if the server has not received it. */
  async restore() {
    const text = kept(this.name);
    if (text === null) return;
    const { fields, token, ...versions } = JSON.parse(text);
    if (isSame(fields, fieldsOf(this.form))) {
      forget(this.name);
    } else if (VERSIONS.every((name) => versions[name] === this.form.elements[name].value)) {
      // The server may have it already, if the page was left before the answer came.
      this.token = token;
      this.showOther(fields);
      this.say(gettext("Restored unsaved text from this browser"));
      this.changed();
    } else {
      this.isPaused = true;
      const isWanted = await this.askWhich(
        fields,
        gettext("This browser has unsaved text, and another version has been saved since."),
      );
      this.isPaused = false;
      if (isWanted) this.showOther(fields);
      else forget(this.name);
      this.changed();
    }
  }

  changed() {
    if (!this.isChanged) return;
    const { token } = this;
    keep(this.name, JSON.stringify({ fields: fieldsOf(this.form), token, ...this.versions() }));
    this.later(PAUSE);
  }

  later(pause) {
    if (this.timer) return;
    this.timer = setTimeout(() => this.save(), pause);
  }

  /** Save what has changed, one request after the other. */
  save({ evenIfSame = false } = {}) {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.isPaused || this.running || !(evenIfSame || this.isChanged)) return this.running;
    this.running = this.send().finally(() => {
      this.running = null;
      if (this.isChanged && !this.isPaused) {
        if ((document.hidden || this.saved === null) && !this.failures) this.save();
        else this.later(Math.min(PAUSE * 2 ** this.failures, LONGEST_PAUSE));
      }
    });
    return this.running;
  }

  async send() {
    const fields = fieldsOf(this.form);
    const body = new URLSearchParams({
      csrf_token: this.form.elements.csrf_token.value,
      submission: this.token,
      ...this.versions(),
      ...fields,
    });
    const lastSent = this.sent;
    this.sent = fields;
    let response;
    let answer = null;
    try {
      response = await fetch(this.form.dataset.autosave, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        keepalive: String(body).length < SENT_AFTER_LEAVING,
        redirect: "error",
      });
      if (/json/.test(response.headers.get("Content-Type") ?? "")) answer = await response.json();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.failures += 1;
      this.say(gettext("Not saved: no connection. Your text is saved in this browser"), true);
      return;
    }
    if (response.ok && answer) this.wasSaved(fields, answer);
    else if (response.status === 409 && answer) await this.meet(fields, lastSent, answer);
    else this.wasRefused(response.status, answer);
  }

  wasSaved(fields, answer) {
    const isNew = answer.draft !== this.name.replace(/^\d+:/, "");
    this.failures = 0;
    this.saved = JSON.stringify(fields);
    forget(this.name);
    this.setVersions(answer);
    if (isNew) {
      this.form.action = answer.address;
      this.form.dataset.autosave = answer.autosave;
      this.form.dataset.kept = this.name.replace(/:.*/, `:${answer.draft}`);
      history.replaceState(null, "", answer.address);
    }
    if (this.isChanged) this.changed();
    const wrong = Object.values(answer.errors ?? {});
    const [first] = wrong;
    const saved = { time: time.format(), problem: first };
    if (first) this.say(gettext("Saved %(time)s, but not everything. %(problem)s", saved), true);
    else this.say(gettext("Saved %(time)s", saved));
  }

  /** Another tab or device has saved something else. */
  async meet(fields, lastSent, other) {
    if (lastSent && isSame(lastSent, other.fields)) {
      // It was this one, whose answer got lost.
      this.setVersions(other);
      return;
    }
    const isMineUnchanged = JSON.stringify(fields) === this.saved;
    this.isPaused = true;
    const isWanted = isMineUnchanged || (await this.askWhich(other.fields, null, other.saved_at));
    this.isPaused = false;
    this.setVersions(other);
    if (isWanted) {
      this.showOther(other.fields);
      this.saved = JSON.stringify(fieldsOf(this.form));
      forget(this.name);
      this.say(gettext("Showing the other version"));
    } else {
      this.saved = null;
    }
  }

  wasRefused(status, answer) {
    this.failures += 1;
    const isLoggedOut = [400, 401, 403].includes(status);
    if (isLoggedOut) {
      this.isPaused = true;
      this.say(
        gettext("Not saved: you’ve been logged out. Your text is saved in this browser; press Save to log in"),
        true,
      );
    } else if (status === 404) {
      this.isPaused = true;
      this.say(gettext("Not saved: this post was deleted. Your text is saved in this browser"), true);
    } else {
      const [problem] = answer?.errors ?? [];
      const reason = problem?.message ?? answer?.detail;
      this.say(
        reason
          ? gettext("Not saved: %(reason)s Your text is saved in this browser", { reason })
          : gettext("Not saved: the site isn’t responding. Your text is saved in this browser"),
        true,
      );
    }
  }

  /** A form that is sent goes after what is under way, or it would meet itself. */
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

  visibilityChanged() {
    if (document.hidden) this.save();
    // Another device may have gone on meanwhile.
    else if (this.form.dataset.status === "draft" && this.form.elements.version.value !== "0") {
      this.save({ evenIfSame: true });
    }
  }
}
