// Changes of a text field that Ctrl+Z can undo.

/**
 * Replace a part of a field.
 *
 * `execCommand` is the only way to make a change that users can undo; in a browser without it, the
 * text is changed directly.
 */
export function replace(field, start, end, text) {
  field.focus();
  field.setSelectionRange(start, end);
  const command = text ? "insertText" : "delete";
  if (start === end && !text) return;
  if (!document.execCommand(command, false, text)) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}

/** Replace the whole text of a field, if it differs. */
export function replaceAll(field, text) {
  if (field.value === text) return;
  replace(field, 0, field.value.length, text);
}

/** Put marks around the selection, or remove them if it has them. */
export function surround(field, before, after = before, placeholder = "") {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const inside = value.slice(start, end);
  const outer = [start - before.length, end + after.length];
  if (outer[0] >= 0 && value.slice(outer[0], start) === before && value.slice(end, outer[1]) === after) {
    replace(field, ...outer, inside);
    field.setSelectionRange(outer[0], outer[0] + inside.length);
    return;
  }
  const text = inside || placeholder;
  replace(field, start, end, before + text + after);
  field.setSelectionRange(start + before.length, start + before.length + text.length);
}

/** Prefix each line of the selection with a mark, or remove the mark if all lines have it. */
export function prefixLines(field, mark) {
  const { value } = field;
  const start = value.lastIndexOf("\n", field.selectionStart - 1) + 1;
  const next = value.indexOf("\n", field.selectionEnd);
  const end = next === -1 ? value.length : next;
  const lines = value.slice(start, end).split("\n");
  const has = lines.every((line) => line.startsWith(mark));
  const changed = lines.map((line) => (has ? line.slice(mark.length) : mark + line)).join("\n");
  replace(field, start, end, changed);
  field.setSelectionRange(lines.length > 1 ? start : start + changed.length, start + changed.length);
}
