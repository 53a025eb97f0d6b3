// Live updates: the number of unread notifications, in the header of every tab, and the number of
// comments that a page doesn't show yet. One tab of the browser has the stream for all tabs: the one
// that holds the lock. When it closes, the browser gives the lock to another tab.

const OPEN_MILLISECONDS = 1_500; // No stream for visits that are shorter.
const RETRY_MILLISECONDS = 60_000; // The server refused: too many streams, or the user isn't logged in.
const MOST_POSTS = 20; // The server ignores more.
const NAME = "live";

const bell = document.querySelector(".bell");
const newComments = document.querySelector(".new-comments");
const status = document.createElement("span");
const channel = new BroadcastChannel(NAME);
const posts = new Set();
let releaseLock = () => {};
let lockRequest = null;
let source = null;
let timer = 0;

/** Show the number of unread notifications, and announce new ones to screen readers. */
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

/** Offer the comments that this page doesn't have. Nothing is inserted while someone is reading. */
function showComments({ post, count }) {
  if (!newComments || newComments.dataset.post !== String(post)) return;
  const number = count - Number(newComments.dataset.count);
  newComments.querySelector("a").textContent = `${number} new ${number === 1 ? "comment" : "comments"}, show`;
  newComments.firstElementChild.hidden = number <= 0;
}

const HANDLERS = { unread: showUnread, comments: showComments };

function broadcast(event, data) {
  channel.postMessage({ event, data });
  HANDLERS[event](data);
}

function open() {
  source?.close();
  const query = new URLSearchParams([...posts].slice(-MOST_POSTS).map((post) => ["post", post]));
  source = new EventSource(`${bell.getAttribute("href")}/stream?${query}`);
  for (const event of Object.keys(HANDLERS)) {
    source.addEventListener(event, ({ data }) => broadcast(event, JSON.parse(data)));
  }
  source.addEventListener("error", ({ target }) => {
    // Otherwise the browser reconnects automatically.
    if (target.readyState === EventSource.CLOSED) openSoon(RETRY_MILLISECONDS);
  });
}

function openSoon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(open, milliseconds);
}

/** Hold the stream until the user leaves this page. */
function holdStream() {
  channel.postMessage({ asks: true });
  openSoon(OPEN_MILLISECONDS);
  return new Promise((resolve) => {
    releaseLock = resolve;
  });
}

function watchPost(post) {
  const isNew = !posts.has(post);
  posts.add(post);
  if (isNew && source) openSoon(OPEN_MILLISECONDS);
}

channel.addEventListener("message", ({ data: { event, data, asks, post } }) => {
  if (event) HANDLERS[event](data);
  if (post) watchPost(post);
  if (asks && newComments) channel.postMessage({ post: newComments.dataset.post });
});

function start() {
  if (newComments) {
    watchPost(newComments.dataset.post);
    channel.postMessage({ post: newComments.dataset.post });
  }
  lockRequest = new AbortController();
  navigator.locks.request(NAME, { signal: lockRequest.signal }, holdStream).catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
}

if (bell && navigator.locks) {
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  bell.after(status);
  start();
  // A page in the back/forward cache has no stream, but would keep holding the lock.
  addEventListener("pagehide", () => {
    clearTimeout(timer);
    source?.close();
    source = null;
    lockRequest.abort();
    releaseLock();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) start();
  });
}
