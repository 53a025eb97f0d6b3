// Ctrl+Enter, on a Mac also Command+Enter, sends the form of the text that is being written, by its
// main button. The editor asks nobody by a key: what it publishes is seen at once.

addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.matches("textarea") ? event.target.form : null;
  const button = form?.querySelector("button.primary");
  if (!button || form.matches(".editor-form")) return;
  event.preventDefault();
  form.requestSubmit(button);
});
