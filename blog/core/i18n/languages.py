"""The languages of the pages. Posts may have any other (`blog.core.text.languages`)."""

# In which the texts of the source are written, and whatever a catalog lacks.
SOURCE = "en"
# By BCP 47 tag: the name of each language, in itself.
LANGUAGES = {
    SOURCE: "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "ar": "العربية",
}
# Those that sites offer by default: nothing is missing from their catalogs.
COMPLETE = (SOURCE, "de", "fr", "es", "ar")
RIGHT_TO_LEFT = {"ar"}


def text_direction(language: str) -> str:
    """`rtl` or `ltr`, in which pages of a language are written."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"
