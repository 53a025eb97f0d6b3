// Shows how far work in the background is without asking for it, and what comes of it when it is
// done.

const PAUSE_MILLISECONDS = 3000;

const card = document.querySelector("[data-running]");

async function refresh() {
  try {
    const answer = await fetch(location.href);
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const progress = page.querySelector("[data-running] [data-progress]");
      if (!progress) {
        location.reload();
        return;
      }
      card.querySelector("[data-progress]").replaceWith(progress);
    }
  } catch (error) {
    // Without a network it asks again later.
    if (!(error instanceof TypeError)) throw error;
  }
  setTimeout(refresh, PAUSE_MILLISECONDS);
}

if (card) {
  card.querySelector("[data-refresh]").remove();
  setTimeout(refresh, PAUSE_MILLISECONDS);
}
