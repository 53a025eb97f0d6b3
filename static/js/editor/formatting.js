// The toolbar above the text, and its keyboard shortcuts.

import { gettext } from "../texts.js";
import { prefixLines, replace, surround } from "./text.js";

/** Turn the selection into a link: a URL becomes its target, other text its label. */
function link(field) {
  const { selectionStart: start, selectionEnd: end } = field;
  const selected = field.value.slice(start, end);
  const isUrl = /^https?:\/\/\S+$/.test(selected);
  const [text, url] = isUrl ? ["", selected] : [selected, "https://"];
  replace(field, start, end, `[${text}](${url})`);
  // Select the part that the user still has to type.
  const from = isUrl ? start + 1 : start + text.length + 3;
  field.setSelectionRange(from, isUrl ? from : from + url.length);
}

const ACTIONS = {
  bold: (field) => surround(field, "**", "**", gettext("bold")),
  italic: (field) => surround(field, "_", "_", gettext("italic")),
  link,
  heading: (field) => prefixLines(field, "## "),
  quote: (field) => prefixLines(field, "> "),
  list: (field) => prefixLines(field, "- "),
  code(field) {
    const selected = field.value.slice(field.selectionStart, field.selectionEnd);
    if (selected.includes("\n")) surround(field, "```\n", "\n```");
    else surround(field, "`", "`", gettext("code"));
  },
};
const KEYS = { b: "bold", i: "italic", k: "link" };

/** Make the buttons of a toolbar and the usual shortcuts format the text. */
export function addFormatting(field, toolbar) {
  const buttons = [...toolbar.querySelectorAll("button")];
  toolbar.hidden = false;
  buttons.forEach((button, index) => {
    // The toolbar is one stop for the Tab key; the arrow keys move within it.
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

/** Whether Ctrl is held down, or Cmd on a Mac, without Alt. */
export function isCommand(event) {
  return (event.ctrlKey || event.metaKey) && !event.altKey;
}
