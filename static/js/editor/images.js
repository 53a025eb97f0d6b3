// Images that are dropped, pasted or chosen: asks for the alternative text, uploads them one after
// the other, and puts their Markdown where the text was.

import { gettext } from "../texts.js";
import { replace } from "./text.js";

// The server says of HEIC what to do about it.
const TYPES = /^image\/(jpeg|png|gif|webp|avif|heic|heif)$/;
const ACCEPTED = "image/jpeg,image/png,image/gif,image/webp,image/avif";

/** Upload a file with its texts; resolves to the answer, rejects with words. */
function upload(address, token, file, alt, onProgress) {
  const data = new FormData();
  // The file comes last: what stands before it is checked before it is received.
  data.append("csrf_token", token);
  data.append("alt", alt);
  data.append("file", file, file.name || "image");
  return new Promise((resolve, reject) => {
    // fetch() does not tell how much is sent.
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    request.addEventListener("error", () => reject(new Error(gettext("No connection. Please try again."))));
    request.addEventListener("load", () => {
      const answer = request.response;
      if (request.status === 201 && answer) resolve(answer);
      else reject(new Error(answer?.errors?.[0]?.message ?? answer?.detail ?? gettext("The image couldn’t be uploaded.")));
    });
    request.send(data);
  });
}

/**
 * Ask for the texts of images, and upload them one after the other.
 *
 * @returns a function that takes files, and what to do with the answer to each upload; it tells
 *     whether there are images among them.
 */
export function uploader(dialog, token) {
  const part = (name) => dialog.querySelector(`[data-part=${name}]`);
  const [name, problem, progress] = ["name", "problem", "progress"].map(part);
  const form = dialog.querySelector("form");
  const { alt } = form.elements;
  const waiting = [];
  let current = null;

  function next() {
    current = waiting.shift() ?? null;
    if (!current) {
      dialog.close();
      return;
    }
    alt.value = "";
    name.textContent = current.file.name;
    problem.hidden = progress.hidden = true;
    if (!dialog.open) dialog.showModal();
    alt.focus();
  }


  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const submit = form.querySelector("button:not([type=button])");
    problem.hidden = true;
    progress.hidden = false;
    progress.value = 0;
    submit.disabled = true;
    try {
      const { file, use } = current;
      const answer = await upload(dialog.dataset.upload, token(), file, alt.value, (share) => {
        progress.value = share;
      });
      dialog.close();
      use(answer);
      next();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    } finally {
      progress.hidden = true;
      submit.disabled = false;
    }
  });
  part("cancel").addEventListener("click", next);
  dialog.addEventListener("cancel", () => waiting.splice(0));

  return (files, use) => {
    const images = [...files].filter((each) => TYPES.test(each.type));
    waiting.push(...images.map((file) => ({ file, use })));
    if (images.length && !dialog.open) next();
    return images.length > 0;
  };
}

/** Let a button open the dialog in which the browser has files chosen. */
export function chooseFiles(button, { several, use }) {
  const chooser = Object.assign(document.createElement("input"), {
    type: "file",
    accept: ACCEPTED,
    multiple: several,
  });
  button.hidden = false;
  button.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    use(chooser.files);
    chooser.value = "";
  });
}

/** Let a text take images. */
export function takeImages(field, button, ask) {
  function insert(answer) {
    const { selectionEnd: at, value } = field;
    // An image stands in a paragraph of its own.
    const before = /(^|\n\n)$/.test(value.slice(0, at)) ? "" : "\n\n";
    replace(field, at, at, `${before}${answer.markdown}\n\n`);
  }

  const take = (files) => ask(files, insert);
  chooseFiles(button, { several: true, use: take });
  field.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    // A table from a spreadsheet has its picture beside it.
    if (!types.includes("text/html") && take(files)) event.preventDefault();
  });
  field.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  field.addEventListener("drop", (event) => {
    if (take(event.dataTransfer.files)) event.preventDefault();
  });
}
