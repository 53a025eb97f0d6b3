// Closes an open menu when something else is clicked or focused, or with Escape. Without this script,
// only the word that opens it closes it.

const OPEN = "details.more[open]";

function closeOthers({ target }) {
  for (const menu of document.querySelectorAll(OPEN)) {
    if (!menu.contains(target)) menu.open = false;
  }
}

addEventListener("click", closeOthers);
addEventListener("focusin", closeOthers);
addEventListener("keydown", (event) => {
  const menu = document.querySelector(OPEN);
  if (event.key !== "Escape" || menu === null) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
