"""Estimate how long a text takes to read."""

import re
from html import unescape

from blog.core.text.cjk import is_cjk
from blog.core.text.visibility import TAG

# For English non-fiction, and similar in other languages: Brysbaert, "How many
# words do we read per minute?", Journal of Memory and Language 109 (2019).
WORDS_A_MINUTE = 238
# In Chinese and Japanese, which do not separate words.
CHARACTERS_A_WORD = 2

_WORD = re.compile("\\w+(?:['\u2019.-]\\w+)*")


def word_count(html: str) -> int:
    """Count the words of sanitised HTML; two Chinese characters count as one."""
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
    """The minutes it takes to read a number of words, at least one."""
    return max(1, round(words / WORDS_A_MINUTE))
