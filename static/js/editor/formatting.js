// The toolbar over the text, and the keys that do the same.

import { gettext } from "../texts.js";
import { beginLines, replace, surround } from "./text.js";

/** Make a link of the selection: an address becomes its target, anything else its text. */
function link(field) {
  const { selectionStart: start, selectionEnd: end } = field;
  const selected = field.value.slice(start, end);
  const isAddress = /^https?:\/\/\S+$/.test(selected);
  const [text, address] = isAddress ? ["", selected] : [selected, "https://"];
  replace(field, start, end, `[${text}](${address})`);
  // What is still to be typed is selected.
  const from = isAddress ? start + 1 : start + text.length + 3;
  field.setSelectionRange(from, isAddress ? from : from + address.length);
}

const ACTIONS = {
  bold: (field) => surround(field, "**", "**", gettext("bold")),
  italic: (field) => surround(field, "_", "_", gettext("italic")),
  link,
  heading: (field) => beginLines(field, "## "),
  quote: (field) => beginLines(field, "> "),
  list: (field) => beginLines(field, "- "),
  code(field) {
    const selected = field.value.slice(field.selectionStart, field.selectionEnd);
    if (selected.includes("\n")) surround(field, "```\n", "\n```");
    else surround(field, "`", "`", gettext("code"));
  },
};
const KEYS = { b: "bold", i: "italic", k: "link" };

/** Let the buttons of a toolbar and the usual keys change the text. */
export function format(field, toolbar) {
  const buttons = [...toolbar.querySelectorAll("button")];
  toolbar.hidden = false;
  buttons.forEach((button, index) => {
    // One stop for the Tab key; the arrows go on from there.
    button.tabIndex = index ? -1 : 0;
    const act = ACTIONS[button.dataset.format];
    if (act) button.addEventListener("click", () => act(field));
  });
  toolbar.addEventListener("keydown", (event) => {
    const toTheRight = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const step = document.documentElement.dir === "rtl" ? -toTheRight : toTheRight;
    const from = buttons.indexOf(document.activeElement);
    if (!step || from === -1) return;
    event.preventDefault();
    const to = buttons[(from + step + buttons.length) % buttons.length];
    buttons[from].tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
  field.addEventListener("keydown", (event) => {
    const action = ACTIONS[KEYS[event.key.toLowerCase()]];
    if (!action || !isCommand(event) || event.shiftKey) return;
    event.preventDefault();
    action(field);
  });
}

/** Whether Ctrl is held down, or Cmd on a Mac, and nothing else. */
export function isCommand(event) {
  return (event.ctrlKey || event.metaKey) && !event.altKey;
}
