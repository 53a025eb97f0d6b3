// Words and the time it takes to read them, as blog/core/text/reading_time.py counts: two
// characters of Chinese or Japanese are one word.

import { locale, ngettext } from "../texts.js";

const WORDS_A_MINUTE = 238;
const WORD = /[\p{L}\p{N}_\p{M}]+(?:['’.-][\p{L}\p{N}_\p{M}]+)*/gu;
const TOGETHER = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu;

/** How many words a text in Markdown has, about. */
export function words(text) {
  const readable = text.replace(/\]\([^)\s]*\)/g, "]").replace(/https?:\/\/\S+/g, "link");
  const together = readable.match(TOGETHER)?.length ?? 0;
  const apart = readable.replace(TOGETHER, " ").match(WORD)?.length ?? 0;
  return apart + Math.ceil(together / 2);
}

/** Show the count of a field's words in an element. */
export function count(field, element) {
  function refresh() {
    const number = words(field.value);
    const minutes = Math.max(1, Math.round(number / WORDS_A_MINUTE));
    element.textContent = number
      ? ngettext("%(num)s word, %(minutes)s min read", "%(num)s words, %(minutes)s min read", number, {
          minutes: minutes.toLocaleString(locale),
        })
      : "";
  }
  field.addEventListener("input", refresh);
  refresh();
}
