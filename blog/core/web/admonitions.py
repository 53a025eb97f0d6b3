"""The titles of admonitions in the language of their text, for pages, feeds, mails and the API.

Stored HTML has them in English, so nothing is rendered again when a post, its author or the site
gets another language.
"""

import re

from blog.core.i18n import LANGUAGES, SOURCE, lazy_pgettext, using_language
from blog.core.web.app import current_app

_TITLES = {
    "Note": lazy_pgettext("box in a text", "Note"),
    "Tip": lazy_pgettext("box in a text", "Tip"),
    "Important": lazy_pgettext("box in a text", "Important"),
    "Warning": lazy_pgettext("box in a text", "Warning"),
    "Caution": lazy_pgettext("box in a text", "Caution"),
}
# Only the renderer writes this class.
_BEFORE = '<p class="admonition-title">'
_TITLE = re.compile(rf"(?<={_BEFORE})(?:{'|'.join(_TITLES)})(?=</p>)")


def with_titles(html: str, language: str | None) -> str:
    """The HTML of a text, with the titles of its admonitions in its language.

    Args:
        html: as the renderer returns it.
        language: a BCP 47 tag; that of the site, if it is unknown. They are in English if there is
            no translation.
    """
    if _BEFORE not in html:
        return html
    known = language or current_app.site.default_language
    while known and known not in LANGUAGES:
        known = known.rpartition("-")[0]
    with using_language(known or SOURCE):
        return _TITLE.sub(lambda title: str(_TITLES[title[0]]), html)
