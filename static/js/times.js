// Shows each <time datetime="…"> in the language of the page and the reader's zone: as the time that has passed,
// or as a date once that tells more; the exact moment is in its tooltip. Without this script the
// text from the server stands, in UTC. What has happened is not shown as yet to come where the
// reader's clock is slow: only an element with data-future may be.

const REFRESH_MILLISECONDS = 30_000;
const DAY = 86_400;
const UNITS = [
  ["day", DAY],
  ["hour", 3_600],
  ["minute", 60],
];

// As in texts.js, which would be one more file for every page.
const { lang } = document.documentElement;
const locale = navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang;

// A formatter takes a phone up to 40 ms to make, so each is made when it is needed.
const once = (make) => {
  let made;
  return () => (made ??= make());
};
const date = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "long" }));
const exact = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" }));
const passed = once(() => new Intl.RelativeTimeFormat(locale, { numeric: "always" }));
const now = once(() => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second"));

/** A moment as a reader wants it `seconds` from now; of the past they are negative. */
function describe(moment, seconds) {
  if (Math.abs(seconds) >= 30 * DAY) return date().format(moment);
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  if (unit) return passed().format(Math.round(seconds / length), unit);
  return seconds <= 0 && lang === "en" ? "just now" : now();
}

function refresh() {
  const changed = new Map();
  for (const element of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    const ahead = (moment - Date.now()) / 1000;
    const seconds = "future" in element.dataset ? ahead : Math.min(ahead, 0);
    const text = "date" in element.dataset ? date().format(moment) : describe(moment, seconds);
    if (element.textContent === text) continue;
    element.textContent = text;
    changed.set(element, moment);
  }
  // In a task of its own, so that the page answers in between.
  if (changed.size) setTimeout(showExact, 0, changed);
}

function showExact(moments) {
  for (const [element, moment] of moments) element.title = exact().format(moment);
}

refresh();
setInterval(refresh, REFRESH_MILLISECONDS);
// A page that was in the background, or in the back/forward cache, is out of date.
document.addEventListener("visibilitychange", refresh);
addEventListener("pageshow", refresh);
