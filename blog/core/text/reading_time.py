"""How long texts are to read."""

import re
from html import unescape

from blog.core.text.cjk import is_cjk
from blog.core.text.visibility import TAG

# For non-fiction in English, and not far from that in other languages: Brysbaert, "How many
# words do we read per minute?", Journal of Memory and Language 109 (2019).
WORDS_A_MINUTE = 238
# Where words are not separated, in Chinese and Japanese.
CHARACTERS_A_WORD = 2

_WORD = re.compile("\\w+(?:['\u2019.-]\\w+)*")


def word_count(html: str) -> int:
    """How many words sanitised HTML has; two characters of Chinese count as one."""
    words = characters = 0
    for word in _WORD.findall(unescape(TAG.sub(" ", html))):
        if word.isascii():
            words += 1
        else:
            written_together = sum(map(is_cjk, word))
            characters += written_together
            words += written_together < len(word)
    return words + -(-characters // CHARACTERS_A_WORD)


def reading_minutes(words: int) -> int:
    """How many minutes it takes to read so many words, at least one."""
    return max(1, round(words / WORDS_A_MINUTE))
