// Shows another version of the text beside one's own, and asks which to go on with.

import { gettext, locale } from "../texts.js";

/**
 * @param template the <template> of the question.
 * @param place where it is asked: the first child of this.
 * @param fields the other version.
 * @param words what has happened; null for what the template says.
 * @param savedAt when the other was saved, if that is known.
 * @returns whether the other is to be used.
 */
export function askWhich(template, place, fields, words, savedAt) {
  const question = template.content.firstElementChild.cloneNode(true);
  const [text, title, useOther, keepMine] = ["words", "title", "other", "mine"].map((part) =>
    question.querySelector(`[data-part=${part}]`),
  );
  if (words) text.textContent = words;
  else if (savedAt) {
    const moment = new Date(savedAt);
    const time = moment.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
    text.append(` ${gettext("It was saved %(time)s.", { time })}`);
  }
  title.textContent = fields.title ?? "";
  title.hidden = !fields.title;
  place.prepend(question);
  question.querySelector("textarea").value = fields.body ?? "";
  question.scrollIntoView({ block: "nearest" });
  return new Promise((resolve) => {
    function answer(isOther) {
      question.remove();
      resolve(isOther);
    }
    useOther.addEventListener("click", () => answer(true));
    keepMine.addEventListener("click", () => answer(false));
  });
}
