// Likes and bookmarks posts of a list in its place. Without this script the page is loaded again.

const form = document.getElementById("react");

/** Send what a button is for; resolves to the buttons as they are now. */
async function send(button) {
  const answer = await fetch(button.formAction, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
    redirect: "error",
  });
  if (!answer.ok) throw new Error(answer.statusText);
  return (await answer.json()).html;
}

form?.addEventListener("submit", async (event) => {
  const button = event.submitter;
  const row = button?.closest(".reactions");
  if (!row) return;
  event.preventDefault();
  if (row.ariaBusy === "true") return;
  row.ariaBusy = "true";
  const place = [...row.children].indexOf(button);
  try {
    row.innerHTML = await send(button);
    row.children[place].focus({ preventScroll: true });
  } catch {
    // The page that comes says what is wrong.
    form.action = button.formAction;
    form.submit();
  } finally {
    row.ariaBusy = null;
  }
});
