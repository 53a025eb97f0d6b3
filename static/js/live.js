// Live updates: how many notifications are unread, in the masthead of every tab, and how many
// comments there are that a page doesn't have. One tab of the browser has the stream, for all: the one
// that holds the lock. When it closes, the browser gives the lock to another.

const OPEN_AFTER = 1_500; // Who only passes through needs no stream.
const AGAIN_AFTER = 60_000; // The server has refused it: there are too many, or nobody is logged in.
const MOST_POSTS = 20; // The server looks at no more.
const NAME = "live";

const bell = document.querySelector(".bell");
const news = document.querySelector(".new-comments");
const status = document.createElement("span");
const others = new BroadcastChannel(NAME);
const posts = new Set();
let leave = () => {};
let waiting = null;
let source = null;
let timer = 0;

/** Show how many notifications are unread; those who can't see it are told of new ones. */
function showUnread({ unread, is_new: isNew }) {
  const text = unread < 100 ? String(unread) : "99+";
  const count = bell.querySelector(".bell-count");
  count.firstChild.data = text;
  count.hidden = unread === 0;
  document.title = document.title.replace(/^\(\d+\+?\) /, unread ? `(${text}) ` : "");
  if (unread && !/^\(\d/.test(document.title)) document.title = `(${text}) ${document.title}`;
  if (isNew && document.visibilityState === "visible") {
    status.textContent = `${text} unread ${unread === 1 ? "notification" : "notifications"}`;
  }
}

/** Offer the comments that this page doesn't have; nothing is inserted while somebody reads. */
function showComments({ post, count }) {
  if (!news || news.dataset.post !== String(post)) return;
  const number = count - Number(news.dataset.count);
  news.querySelector("a").textContent = `${number} new ${number === 1 ? "comment" : "comments"}, show`;
  news.firstElementChild.hidden = number <= 0;
}

const SHOWN = { unread: showUnread, comments: showComments };

function show(event, data) {
  others.postMessage({ event, data });
  SHOWN[event](data);
}

function open() {
  source?.close();
  const query = new URLSearchParams([...posts].slice(-MOST_POSTS).map((post) => ["post", post]));
  source = new EventSource(`${bell.getAttribute("href")}/stream?${query}`);
  for (const event of Object.keys(SHOWN)) {
    source.addEventListener(event, ({ data }) => show(event, JSON.parse(data)));
  }
  source.addEventListener("error", ({ target }) => {
    // Otherwise the browser comes back by itself.
    if (target.readyState === EventSource.CLOSED) openSoon(AGAIN_AFTER);
  });
}

function openSoon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(open, milliseconds);
}

/** Have the stream until this page is left. */
function lead() {
  others.postMessage({ asks: true });
  openSoon(OPEN_AFTER);
  return new Promise((resolve) => {
    leave = resolve;
  });
}

function watch(post) {
  const isNew = !posts.has(post);
  posts.add(post);
  if (isNew && source) openSoon(OPEN_AFTER);
}

others.addEventListener("message", ({ data: { event, data, asks, post } }) => {
  if (event) SHOWN[event](data);
  if (post) watch(post);
  if (asks && news) others.postMessage({ post: news.dataset.post });
});

function start() {
  if (news) {
    watch(news.dataset.post);
    others.postMessage({ post: news.dataset.post });
  }
  waiting = new AbortController();
  navigator.locks.request(NAME, { signal: waiting.signal }, lead).catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
}

if (bell && navigator.locks) {
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  bell.after(status);
  start();
  // A page in the back/forward cache has no stream, and would hold the lock.
  addEventListener("pagehide", () => {
    clearTimeout(timer);
    source?.close();
    source = null;
    waiting.abort();
    leave();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) start();
  });
}
