// Quotes a selected passage of the post or of a comment, with its author, in the box for a comment.
// Without this script, the link "Quote" quotes a whole comment.

const form = document.querySelector("form[data-quoted-author]");
const button = document.createElement("button");
button.type = "button";
button.className = "quote-button";
button.textContent = "Quote";
button.hidden = true;

/** The text that the selection is in; null if it can't be quoted. */
function quotedText(selection) {
  if (!selection.rangeCount || !selection.toString().trim()) return null;
  const { commonAncestorContainer: node } = selection.getRangeAt(0);
  return (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).closest(
    ".post .prose, .comment .prose",
  );
}

/** Limit a distance from the edge of the window, so that the button stays within it. */
const clamp = (wanted, most) => Math.max(8, Math.min(wanted, most));

/** Show the button below the selection. In the document, it follows the text, for keyboard users. */
function placeButton() {
  const selection = getSelection();
  const text = quotedText(selection);
  button.hidden = text === null;
  if (text === null) return;
  if (button.previousSibling !== text) text.after(button);
  const { bottom, left } = selection.getRangeAt(0).getBoundingClientRect();
  button.style.top = `${clamp(bottom + 8, innerHeight - button.offsetHeight - 8)}px`;
  button.style.left = `${clamp(left, innerWidth - button.offsetWidth - 8)}px`;
}

/** Find the author and the URL of a text. */
function findSource(text) {
  const comment = text.closest(".comment");
  if (comment === null) return [form.dataset.quotedAuthor, location.origin + location.pathname];
  return [comment.dataset.author, comment.querySelector(".permalink").href];
}

/** Add the selected passage to the text in the box. */
function quote() {
  const selection = getSelection();
  const [author, url] = findSource(quotedText(selection));
  const lines = selection.toString().trim().split("\n");
  const passage = lines.map((line) => `> ${line}`.trimEnd()).join("\n");
  const box = form.elements.body;
  const before = box.value.trimEnd();
  box.value = `${before}${before && "\n\n"}[${author}](${url}) wrote:\n\n${passage}\n\n`;
  box.dispatchEvent(new Event("input"));
  selection.removeAllRanges();
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
  box.scrollTop = box.scrollHeight;
}

if (form) {
  // Pressing the button must not clear the selection.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", quote);
  document.addEventListener("selectionchange", placeButton);
  addEventListener("scroll", placeButton, { passive: true });
  addEventListener("resize", placeButton);
}
