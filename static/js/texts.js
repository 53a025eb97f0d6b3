// Texts in the language of the page. The translations are part of the page (templates/base.html), from
// the same catalogs as its other texts; English needs none.

const { lang } = document.documentElement;
/** The reader's variety of the page's language: dates in en differ from those in en-GB. */
export const locale = navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang;
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
const plurals = new Intl.PluralRules(lang);
// The plural forms in a catalog are in this order, without those that the language doesn't have.
const forms = ["zero", "one", "two", "few", "many", "other"].filter((form) => plurals.resolvedOptions().pluralCategories.includes(form));

function fillIn(text, values) {
  return text.replace(/%(?:\((\w+)\)s|%)/g, (found, name) => (name ? values[name] : "%"));
}

/** Translate a text. Placeholders of values are %(name)s; a percent sign is %%. */
export function gettext(message, values = {}) {
  return fillIn(texts[message] || message, values);
}

/** Translate a text that depends on a number, whose placeholder is %(num)s. */
export function ngettext(singular, plural, number, values = {}) {
  const translated = texts[singular];
  const form = plurals.select(number);
  const text = Array.isArray(translated)
    ? translated[Math.min(forms.indexOf(form), translated.length - 1)]
    : number === 1 ? singular : plural;
  return fillIn(text || plural, { num: number.toLocaleString(locale), ...values });
}
