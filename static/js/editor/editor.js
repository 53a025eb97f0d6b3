// Puts the parts of the editor together. Without any of them the form works as it is.

import "../kept.js";
import "../preview.js";
import { askWhich } from "./conflict.js";
import { count } from "./count.js";
import { chooseCover } from "./covers.js";
import { format, isCommand } from "./formatting.js";
import { chooseFiles, takeImages, uploader } from "./images.js";
import { arrange, scrollInStep } from "./panes.js";
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

/** Say how it stands; a screen reader tells it too, but not twice. */
function say(words, isBad = false) {
  status.dataset.state = isBad ? "bad" : "";
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

function press(name) {
  form.requestSubmit(form.querySelector(`button[name=${name}]`));
}

const saving = new Saving(form, {
  say,
  showOther,
  askWhich: (...asked) => askWhich(part("conflict"), main, ...asked),
});
format(body, part("toolbar"));
count(body, part("count"));
pasteAsMarkdown(body);
const ask = uploader(part("image"), () => form.elements.csrf_token.value);
takeImages(body, part("add-image"), ask);
if (part("add-cover")) {
  chooseFiles(part("add-cover"), {
    several: false,
    use: (files) =>
      ask(files, (image) => {
        chooseCover(part("covers"), String(image.id), image);
        form.dispatchEvent(new Event("change"));
      }),
  });
}
if (part("remote")) {
  offerImports(body, part("remote"), () => form.elements.csrf_token.value);
}
suggestTags(tags, part("own-tags"));
arrange(main, part("tabs"), part("write"), part("preview"));
scrollInStep(body, part("preview"));
if (form.elements.time_zone) offerZones(form.elements.time_zone, part("zones"));

// A title is one line, of any length.
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
    press("publish");
  } else if (event.key.toLowerCase() === "s") {
    event.preventDefault();
    if (saving.isPaused) press("save");
    else saving.save({ evenIfSame: saving.isChanged });
  }
});
