// The number of words and the reading time, counted as in blog/core/text/reading_time.py: two Chinese
// or Japanese characters are one word.

import { locale, ngettext } from "../texts.js";

const WORDS_A_MINUTE = 238;
const WORD = /[\p{L}\p{N}_\p{M}]+(?:['’.-][\p{L}\p{N}_\p{M}]+)*/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu;

/** Count the words of a Markdown text, approximately. */
export function countWords(text) {
  const readable = text.replace(/\]\([^)\s]*\)/g, "]").replace(/https?:\/\/\S+/g, "link");
  const unspaced = readable.match(UNSPACED)?.length ?? 0;
  const spaced = readable.replace(UNSPACED, " ").match(WORD)?.length ?? 0;
  return spaced + Math.ceil(unspaced / 2);
}

/** Show the number of words of a field in an element. */
export function showCount(field, element) {
  function refresh() {
    const number = countWords(field.value);
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
