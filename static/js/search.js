// Suggests people and tags in the search box while someone is typing.

const box = document.querySelector("input[data-suggestions]");
const list = box && document.getElementById(box.getAttribute("list"));
const PAUSE = 200;
let timer, running;

async function suggest() {
  running?.abort();
  running = new AbortController();
  const url = `${box.dataset.suggestions}?q=${encodeURIComponent(box.value)}`;
  try {
    const response = await fetch(url, { signal: running.signal });
    if (!response.ok) return;
    const [, values, labels] = await response.json();
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
