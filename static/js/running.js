// Refreshes the progress of background work, and shows the result when it is done.

const PAUSE_MILLISECONDS = 3000;

const card = document.querySelector("[data-running]");

async function refresh() {
  try {
    const response = await fetch(location.href);
    if (response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const progress = page.querySelector("[data-running] [data-progress]");
      if (!progress) {
        location.reload();
        return;
      }
      card.querySelector("[data-progress]").replaceWith(progress);
    }
  } catch (error) {
    // Without a network, try again later.
    if (!(error instanceof TypeError)) throw error;
  }
  setTimeout(refresh, PAUSE_MILLISECONDS);
}

if (card) {
  card.querySelector("[data-refresh]").remove();
  setTimeout(refresh, PAUSE_MILLISECONDS);
}
