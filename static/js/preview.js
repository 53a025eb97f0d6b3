// Shows a preview below a text. The server renders it, as it will render the post; without this
// script, the Preview button does the same.

const PAUSE_MILLISECONDS = 400;

/** Show the preview of a form, and keep it up to date. */
function showPreview(form) {
  const text = form.elements.body;
  const target = form.querySelector("[data-preview-target]");
  let pause;
  let request = new AbortController();

  async function refresh() {
    request.abort();
    request = new AbortController();
    if (!text.value.trim()) {
      target.hidden = true;
      return;
    }
    try {
      const response = await fetch(form.dataset.preview, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        signal: request.signal,
      });
      // 422 says what is wrong with the text. On other errors, the last preview stays.
      if (!response.ok && response.status !== 422) return;
      target.innerHTML = await response.text();
      target.hidden = false;
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
    }
  }

  text.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(refresh, PAUSE_MILLISECONDS);
  });
  form.querySelector("[name=preview]").remove();
  if (text.value) refresh();
}

document.querySelectorAll("form[data-preview]").forEach(showPreview);
