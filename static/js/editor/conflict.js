// Shows another version of the text next to the user's own, and asks which one to use.

import { gettext, locale } from "../texts.js";

/**
 * @param template the <template> of the question.
 * @param place the element in which to ask; the question becomes its first child.
 * @param fields the fields of the other version.
 * @param words the explanation; null for the text of the template.
 * @param savedAt when the other version was saved, if that is known.
 * @returns a promise of whether to use the other version.
 */
export function askWhichVersion(template, place, fields, words, savedAt) {
  const question = template.content.firstElementChild.cloneNode(true);
  const [text, title, useOther, keepMine] = ["words", "title", "other", "mine"].map((part) =>
    question.querySelector(`[data-part=${part}]`),
  );
  if (words) text.textContent = words;
  else if (savedAt) {
    const date = new Date(savedAt);
    const time = date.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
    text.append(` ${gettext("It was saved %(time)s.", { time })}`);
  }
  title.textContent = fields.title ?? "";
  title.hidden = !fields.title;
  place.prepend(question);
  question.querySelector("textarea").value = fields.body ?? "";
  question.scrollIntoView({ block: "nearest" });
  return new Promise((resolve) => {
    function choose(isOther) {
      question.remove();
      resolve(isOther);
    }
    useOther.addEventListener("click", () => choose(true));
    keepMine.addEventListener("click", () => choose(false));
  });
}
