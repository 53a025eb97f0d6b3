"""A language for tests: English with accents, longer by two fifths, in brackets."""

import re
from gettext import NullTranslations

from tests.i18n.rendered import CLOSING, OPENING

ACCENTS = str.maketrans("aceinouyAEINOUY", "áçéîñöüýÅÉÎÑÖÜÝ")
# What stays: tags, values and entities.
FIXED = re.compile(r"(<[^>]*>|%\(\w+\)s|%%|&\w+;)")


def pseudo(text: str) -> str:
    """A text of the source in that language."""
    parts = FIXED.split(text)
    parts[::2] = [part.translate(ACCENTS) for part in parts[::2]]
    return f"{OPENING}{''.join(parts)}{'~' * (len(text) * 2 // 5)}{CLOSING}"


class Pseudo(NullTranslations):
    """Translates whatever it is asked for."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return pseudo(singular if number == 1 else plural)

    def pgettext(self, context: str, message: str) -> str:
        return pseudo(message)

    def npgettext(self, context: str, singular: str, plural: str, number: int) -> str:
        return self.ngettext(singular, plural, number)
