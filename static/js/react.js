// Likes and bookmarks posts without reloading the page.

const form = document.getElementById("react");

/** Send the request of a button; resolves to the HTML of the updated buttons. */
async function send(button) {
  const response = await fetch(button.formAction, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
    redirect: "error",
  });
  if (!response.ok) throw new Error(response.statusText);
  return (await response.json()).html;
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
    // Submit the form instead; the next page says what is wrong.
    form.action = button.formAction;
    form.submit();
  } finally {
    row.ariaBusy = null;
  }
});
