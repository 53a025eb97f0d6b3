// Sets up the parts of the editor. The form works without any of them.

import "../kept.js";
import "../preview.js";
import { askWhichVersion } from "./conflict.js";
import { showCount } from "./count.js";
import { chooseCover } from "./covers.js";
import { addFormatting, isCommand } from "./formatting.js";
import { acceptImages, addFileChooser, createUploader } from "./images.js";
import { arrangePanes, syncScrolling } from "./panes.js";
import { offerImports } from "./imports.js";
import { pasteAsMarkdown } from "./paste.js";
import { Saving } from "./saving.js";
import { suggestTags } from "./tags.js";
import { replaceAll } from "./text.js";
import { offerZones } from "./zones.js";

const main = document.querySelector("main");
const form = document.querySelector(".editor-form");
const part = (name) => main.querySelector(`[data-part=${name}]`);
const { title, body, tags } = form.elements;
const status = part("status");

/** Show the status. Screen readers read it, too, but the same status only once. */
function showStatus(words, isProblem = false) {
  status.dataset.state = isProblem ? "bad" : "";
  if (status.textContent !== words) status.textContent = words;
}

function showOther(fields) {
  const { activeElement } = document;
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements[name];
    if (name === "cover") chooseCover(part("covers"), value);
    else if (name === "comments_open") form.querySelector("#comments_open").checked = value === "true";
    else if (field === body || field === title) replaceAll(field, value);
    else if (field) field.value = value;
  }
  activeElement?.focus();
  form.dispatchEvent(new Event("input"));
}

function pressButton(name) {
  form.requestSubmit(form.querySelector(`button[name=${name}]`));
}

const saving = new Saving(form, {
  showStatus,
  showOther,
  askWhichVersion: (...question) => askWhichVersion(part("conflict"), main, ...question),
});
addFormatting(body, part("toolbar"));
showCount(body, part("count"));
pasteAsMarkdown(body);
const addImages = createUploader(part("image"), () => form.elements.csrf_token.value);
acceptImages(body, part("add-image"), addImages);
if (part("add-cover")) {
  addFileChooser(part("add-cover"), {
    several: false,
    use: (files) =>
      addImages(files, (image) => {
        chooseCover(part("covers"), String(image.id), image);
        form.dispatchEvent(new Event("change"));
      }),
  });
}
if (part("remote")) {
  offerImports(body, part("remote"), () => form.elements.csrf_token.value);
}
suggestTags(tags, part("own-tags"));
arrangePanes(main, part("tabs"), part("write"), part("preview"));
syncScrolling(body, part("preview"));
if (form.elements.time_zone) offerZones(form.elements.time_zone, part("zones"));

// A title is a single line, of any length.
title.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || isCommand(event)) return;
  event.preventDefault();
  body.focus();
});
title.addEventListener("input", () => {
  part("preview-title").textContent = title.value;
  part("preview-title").hidden = !title.value.trim();
});
title.dispatchEvent(new Event("input"));

form.addEventListener("keydown", (event) => {
  if (!isCommand(event)) return;
  if (event.key === "Enter") {
    event.preventDefault();
    pressButton("publish");
  } else if (event.key.toLowerCase() === "s") {
    event.preventDefault();
    if (saving.isPaused) pressButton("save");
    else saving.save({ evenIfSame: saving.isChanged });
  }
});
