// Ctrl+Enter, or Command+Enter on a Mac, submits the form of the focused text with its main button.
// The editor is excluded, because it handles these keys itself.

addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.matches("textarea") ? event.target.form : null;
  const button = form?.querySelector("button.primary");
  if (!button || form.matches(".editor-form")) return;
  event.preventDefault();
  form.requestSubmit(button);
});
