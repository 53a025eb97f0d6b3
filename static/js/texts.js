// Texts in the language of the page. Their translations come with the page (templates/base.html), from
// the same catalogs as its other texts; English needs none.

const { lang } = document.documentElement;
/** The language of the page, as it is written where the reader is: dates of en differ from those of en-GB. */
export const locale = navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang;
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
const plurals = new Intl.PluralRules(lang);
// The forms of a catalog are in this order, without those that the language doesn't have.
const forms = ["zero", "one", "two", "few", "many", "other"].filter((form) => plurals.resolvedOptions().pluralCategories.includes(form));

function filled(text, values) {
  return text.replace(/%(?:\((\w+)\)s|%)/g, (found, name) => (name ? values[name] : "%"));
}

/** A text in the language of the page; a value stands in it as %(name)s, a percent sign as %%. */
export function gettext(message, values = {}) {
  return filled(texts[message] || message, values);
}

/** A text that depends on a number, which stands in it as %(num)s. */
export function ngettext(singular, plural, number, values = {}) {
  const translated = texts[singular];
  const form = plurals.select(number);
  const text = Array.isArray(translated)
    ? translated[Math.min(forms.indexOf(form), translated.length - 1)]
    : number === 1 ? singular : plural;
  return filled(text || plural, { num: number.toLocaleString(locale), ...values });
}
