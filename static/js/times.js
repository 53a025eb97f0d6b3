// Shows each <time datetime="…"> in the language of the page and the reader's time zone: as a relative
// time, or as a date if it was long ago; the exact time is in the tooltip. Without this script, the
// text from the server stays, in UTC. If the reader's clock is slow, past times are not shown as
// future ones: only elements with data-future may be in the future.

const REFRESH_MILLISECONDS = 30_000;
const DAY = 86_400;
const UNITS = [
  ["day", DAY],
  ["hour", 3_600],
  ["minute", 60],
];

// As in texts.js, which isn't imported because it would be another file for every page.
const { lang } = document.documentElement;
const locale = navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang;

// Creating a formatter takes up to 40 ms on a phone, so each is only created when it is needed.
const lazily = (make) => {
  let made;
  return () => (made ??= make());
};
const date = lazily(() => new Intl.DateTimeFormat(locale, { dateStyle: "long" }));
const exactTime = lazily(() => new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" }));
const relativeTime = lazily(() => new Intl.RelativeTimeFormat(locale, { numeric: "always" }));
const now = lazily(() => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second"));

/** Format a time that is `seconds` from now, which are negative for the past. */
function formatTime(time, seconds) {
  if (Math.abs(seconds) >= 30 * DAY) return date().format(time);
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  if (unit) return relativeTime().format(Math.round(seconds / length), unit);
  return seconds <= 0 && lang === "en" ? "just now" : now();
}

function refresh() {
  const changed = new Map();
  for (const element of document.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    const ahead = (time - Date.now()) / 1000;
    const seconds = "future" in element.dataset ? ahead : Math.min(ahead, 0);
    const text = "date" in element.dataset ? date().format(time) : formatTime(time, seconds);
    if (element.textContent === text) continue;
    element.textContent = text;
    changed.set(element, time);
  }
  // In a separate task, so that the page can respond in between.
  if (changed.size) setTimeout(showExact, 0, changed);
}

function showExact(times) {
  for (const [element, time] of times) element.title = exactTime().format(time);
}

refresh();
setInterval(refresh, REFRESH_MILLISECONDS);
// A page that was in the background, or in the back/forward cache, is out of date.
document.addEventListener("visibilitychange", refresh);
addEventListener("pageshow", refresh);
