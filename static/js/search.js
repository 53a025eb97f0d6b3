// Suggests people and tags in the box of the search while somebody types.

const box = document.querySelector("input[data-suggestions]");
const list = box && document.getElementById(box.getAttribute("list"));
const PAUSE = 200;
let timer, running;

async function suggest() {
  running?.abort();
  running = new AbortController();
  const address = `${box.dataset.suggestions}?q=${encodeURIComponent(box.value)}`;
  try {
    const answer = await fetch(address, { signal: running.signal });
    if (!answer.ok) return;
    const [, values, labels] = await answer.json();
    list.replaceChildren(...values.map((value, number) => new Option(labels[number], value)));
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

box?.addEventListener("input", (event) => {
  clearTimeout(timer);
  // A suggestion was chosen.
  if (event.inputType === "insertReplacementText" || !event.inputType) return;
  timer = setTimeout(suggest, PAUSE);
});
