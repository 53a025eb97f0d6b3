// Puts a selected passage of the post or of a comment into the box for a comment, as a quotation
// with its author. Without this script the link "Quote" does that with a whole comment.

const form = document.querySelector("form[data-quoted-author]");
const button = document.createElement("button");
button.type = "button";
button.className = "quote-button";
button.textContent = "Quote";
button.hidden = true;

/** The text that the selection is in, if that can be quoted. */
function quotedText(selection) {
  if (!selection.rangeCount || !selection.toString().trim()) return null;
  const { commonAncestorContainer: node } = selection.getRangeAt(0);
  return (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).closest(
    ".post .prose, .comment .prose",
  );
}

/** A distance from the edge of the window that leaves the button within it. */
const within = (wanted, most) => Math.max(8, Math.min(wanted, most));

/** Show the button below the selection, next to the text for those who come by keyboard. */
function place() {
  const selection = getSelection();
  const text = quotedText(selection);
  button.hidden = text === null;
  if (text === null) return;
  if (button.previousSibling !== text) text.after(button);
  const { bottom, left } = selection.getRangeAt(0).getBoundingClientRect();
  button.style.top = `${within(bottom + 8, innerHeight - button.offsetHeight - 8)}px`;
  button.style.left = `${within(left, innerWidth - button.offsetWidth - 8)}px`;
}

/** Who wrote a text, and where it is. */
function source(text) {
  const comment = text.closest(".comment");
  if (comment === null) return [form.dataset.quotedAuthor, location.origin + location.pathname];
  return [comment.dataset.author, comment.querySelector(".permalink").href];
}

/** Add the selected passage to the text in the box. */
function quote() {
  const selection = getSelection();
  const [author, address] = source(quotedText(selection));
  const lines = selection.toString().trim().split("\n");
  const passage = lines.map((line) => `> ${line}`.trimEnd()).join("\n");
  const box = form.elements.body;
  const before = box.value.trimEnd();
  box.value = `${before}${before && "\n\n"}[${author}](${address}) wrote:\n\n${passage}\n\n`;
  box.dispatchEvent(new Event("input"));
  selection.removeAllRanges();
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
  box.scrollTop = box.scrollHeight;
}

if (form) {
  // A press must not take the selection away.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", quote);
  document.addEventListener("selectionchange", place);
  addEventListener("scroll", place, { passive: true });
  addEventListener("resize", place);
}
