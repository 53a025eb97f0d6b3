// Suggests people while someone types a name after "@": in a list that is used from within the text
// (ARIA Authoring Practices, "Combobox"), by keyboard, mouse or touch.

import { replace } from "./editor/text.js";

const PAUSE = 150;
const TYPED = /(?:^|[^\p{L}\p{N}_/.@=+&-])@([A-Za-z][A-Za-z0-9._]{0,63})$/u;
const COPIED = ["font", "letterSpacing", "lineHeight", "paddingBlockStart", "paddingInlineStart", "textIndent", "wordSpacing"];

/** Find where a character of a text area is on the page, and the height of its line. */
function findPosition(field, position) {
  const style = getComputedStyle(field);
  const copy = document.createElement("div");
  for (const name of COPIED) copy.style[name] = style[name];
  Object.assign(copy.style, {
    position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word",
    boxSizing: "border-box", inlineSize: `${field.clientWidth}px`,
  });
  const mark = document.createElement("span");
  mark.textContent = field.value.slice(position) || ".";
  copy.append(field.value.slice(0, position), mark);
  document.body.append(copy);
  const { left, top } = field.getBoundingClientRect();
  const place = {
    x: left + scrollX + mark.offsetLeft - field.scrollLeft,
    y: top + scrollY + mark.offsetTop - field.scrollTop,
    height: parseFloat(style.lineHeight) || 24,
  };
  copy.remove();
  return place;
}

/** Create an option of the list: a picture, a name and a username. */
function createOption(person, id) {
  const option = document.createElement("li");
  option.id = id;
  option.setAttribute("role", "option");
  option.dataset.username = person.username;
  const picture = new Image(24, 24);
  picture.src = person.avatar;
  picture.alt = "";
  const name = document.createElement("span");
  name.textContent = person.name || person.username;
  const handle = document.createElement("span");
  handle.className = "muted";
  handle.textContent = `@${person.username}`;
  option.append(picture, name, handle);
  return option;
}

/** Suggest people in a text area. */
function suggestPeople(field, number) {
  const list = document.createElement("ul");
  list.className = "people-suggested";
  list.id = `people-suggested-${number}`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "People");
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  document.body.append(list, status);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");
  let timer, running, active;

  /** Find the name that is being typed, and the position of its "@". */
  function findTypedName() {
    const end = field.selectionStart;
    const found = end === field.selectionEnd && field.value.slice(Math.max(0, end - 70), end).match(TYPED);
    return found ? { name: found[1], start: end - found[1].length - 1, end } : null;
  }

  function close() {
    clearTimeout(timer);
    running?.abort();
    list.hidden = true;
    status.textContent = "";
    field.removeAttribute("aria-activedescendant");
    field.removeAttribute("aria-controls");
  }

  function select(option) {
    active?.removeAttribute("aria-selected");
    active = option;
    active.setAttribute("aria-selected", "true");
    active.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", active.id);
  }

  function choose(option) {
    const name = findTypedName();
    close();
    if (name) replace(field, name.start, name.end, `@${option.dataset.username} `);
  }

  function show(people, start) {
    list.replaceChildren(...people.map((person, place) => createOption(person, `${list.id}-${place}`)));
    list.hidden = false;
    const { x, y, height } = findPosition(field, start);
    const most = document.documentElement.clientWidth - list.offsetWidth - 8;
    list.style.left = `${Math.max(8, Math.min(x, most))}px`;
    list.style.top = `${y + height}px`;
    field.setAttribute("aria-controls", list.id);
    select(list.firstElementChild);
    status.textContent = people.length === 1 ? "One person. Press Enter to choose." : `${people.length} people. Choose with the arrow keys.`;
  }

  async function suggest() {
    const name = findTypedName();
    if (!name) return;
    running = new AbortController();
    try {
      const response = await fetch(`${field.dataset.people}?q=${encodeURIComponent(name.name)}`, {
        signal: running.signal,
      });
      const people = response.ok ? (await response.json()).people : [];
      const isWhole = people.length === 1 && people[0].username === name.name;
      if (people.length && !isWhole && document.activeElement === field) show(people, name.start);
      else close();
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
    }
  }

  field.addEventListener("input", (event) => {
    clearTimeout(timer);
    running?.abort();
    if (event.isComposing) return;
    if (findTypedName()) timer = setTimeout(suggest, PAUSE);
    else close();
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const options = [...list.children];
    const place = options.indexOf(active);
    if (event.key === "ArrowDown") select(options[(place + 1) % options.length]);
    else if (event.key === "ArrowUp") select(options.at(place - 1));
    else if (event.key === "Enter" || event.key === "Tab") choose(active);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  field.addEventListener("blur", close);
  // Pressing an option leaves the focus in the text.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
}

document.querySelectorAll("textarea[data-people]").forEach(suggestPeople);
