// Images that are dropped, pasted or chosen: asks for their alternative texts, uploads them one after
// another, and inserts their Markdown into the text.

import { gettext } from "../texts.js";
import { replace } from "./text.js";

// HEIC is included because the server explains what to do about it.
const TYPES = /^image\/(jpeg|png|gif|webp|avif|heic|heif)$/;
const ACCEPTED = "image/jpeg,image/png,image/gif,image/webp,image/avif";

/** Upload a file with its alternative text; resolves to the image, rejects with a message. */
function upload(url, token, file, alt, onProgress) {
  const data = new FormData();
  // The file comes last, so that the server can check the other fields before it receives the file.
  data.append("csrf_token", token);
  data.append("alt", alt);
  data.append("file", file, file.name || "image");
  return new Promise((resolve, reject) => {
    // fetch() doesn't report the progress of uploads.
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    request.addEventListener("error", () => reject(new Error(gettext("No connection. Please try again."))));
    request.addEventListener("load", () => {
      const content = request.response;
      if (request.status === 201 && content) resolve(content);
      else reject(new Error(content?.errors?.[0]?.message ?? content?.detail ?? gettext("The image couldn’t be uploaded.")));
    });
    request.send(data);
  });
}

/**
 * Create the function that asks for the alternative texts of images, and uploads them one after
 * another.
 *
 * @returns a function of the files and a callback for each uploaded image; it returns whether there
 *     are images among the files.
 */
export function createUploader(dialog, token) {
  const part = (name) => dialog.querySelector(`[data-part=${name}]`);
  const [name, problem, progress] = ["name", "problem", "progress"].map(part);
  const form = dialog.querySelector("form");
  const { alt } = form.elements;
  const queue = [];
  let current = null;

  function next() {
    current = queue.shift() ?? null;
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
      const image = await upload(dialog.dataset.upload, token(), file, alt.value, (share) => {
        progress.value = share;
      });
      dialog.close();
      use(image);
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
  dialog.addEventListener("cancel", () => queue.splice(0));

  return (files, use) => {
    const images = [...files].filter((each) => TYPES.test(each.type));
    queue.push(...images.map((file) => ({ file, use })));
    if (images.length && !dialog.open) next();
    return images.length > 0;
  };
}

/** Make a button open the browser's dialog for choosing files. */
export function addFileChooser(button, { several, use }) {
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

/** Accept images that are pasted or dropped into a text, or chosen with a button. */
export function acceptImages(field, button, addImages) {
  function insert(image) {
    const { selectionEnd: at, value } = field;
    // An image is a separate paragraph.
    const before = /(^|\n\n)$/.test(value.slice(0, at)) ? "" : "\n\n";
    replace(field, at, at, `${before}${image.markdown}\n\n`);
  }

  const take = (files) => addImages(files, insert);
  addFileChooser(button, { several: true, use: take });
  field.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    // The clipboard has a table from a spreadsheet both as HTML and as a picture.
    if (!types.includes("text/html") && take(files)) event.preventDefault();
  });
  field.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  field.addEventListener("drop", (event) => {
    if (take(event.dataTransfer.files)) event.preventDefault();
  });
}
