"""The languages of the pages. Posts may have any other (`blog.core.text.languages`)."""

# The language of the texts in the source, and of any that a catalog lacks.
SOURCE = "en"
# By BCP 47 tag: the name of each language in that language.
LANGUAGES = {
    SOURCE: "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "ar": "العربية",
}
# The languages that sites offer by default, whose catalogs are complete.
COMPLETE = (SOURCE, "de", "fr", "es", "ar")
RIGHT_TO_LEFT = {"ar"}


def text_direction(language: str) -> str:
    """The writing direction of a language: `rtl` or `ltr`."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"
