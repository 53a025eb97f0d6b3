"""Parse a search into the syntax of `to_tsquery`.

`boats -sails author:robin` is three terms: a word, one that is not wanted, and an operator.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from blog.core.text.search_words import folded_words, phrase
from blog.core.text.tags import fold_tag

# Only this much of a longer text is searched for.
LONGEST = 1_000
MOST_WORDS = 32

# Matches every post and comment, because each has the key of its author.
EVERYTHING = "'@':*"
# The operator between two words of a phrase.
_NEXT_TO = re.compile(r"<(?:-|\d+)>")

_QUOTATION_MARKS = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\uff02", '"')
)
_TERM = re.compile(r'(-?)(?:(\w+)[:\uff1a])?(?:"([^"]*)(?:"|$)|([^\s"]+))')
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_OR = {"or", "|"}


class _Term(NamedTuple):
    is_unwanted: bool
    operator: str
    value: str
    is_phrase: bool


class Names(NamedTuple):
    """The usernames, in lower case, and the folded tags that a search names."""

    usernames: frozenset[str]
    tags: frozenset[str]


class Question(NamedTuple):
    """What a search asks for.

    Attributes:
        words: the words that a post must contain, folded; empty if any will do.
        without: the words that it must not contain.
        keys: the keys that it must have or must not have (`blog.models.search_index`).
        loose: like `words`, but the words of a phrase may be anywhere; empty if that is the same.
        in_comments: whether to search comments instead of posts.
        post_keys: the keys that the post of a comment must have or must not have.
        post_tags: the ids of the tags that the post must have.
        after: the earliest publication time.
        before: the publication time must be before this.
        marked: the words to mark in the results.
        plain: the words for finding people and tags; empty if there is anything but words.
        is_cut: whether there were more words than are searched for.
        is_empty: whether nothing is asked for; exclusions alone don't count.
    """

    words: str = ""
    without: str = ""
    keys: str = ""
    loose: str = ""
    in_comments: bool = False
    post_keys: str = ""
    post_tags: tuple[int, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    marked: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    is_cut: bool = False
    is_empty: bool = True


def names_in(text: str) -> Names:
    """The names in a search. The caller looks up which of them exist."""
    terms = _terms(text)
    usernames = (each.value.lower().lstrip("@") for each in terms if each.operator == "author")
    tags = (_tag(each.value) for each in terms if each.operator == "tag")
    return Names(frozenset(usernames), frozenset(tags))


def parse(text: str, authors: Mapping[str, int], tags: Mapping[str, int]) -> Question:
    """Parse a search. An operator that means nothing is searched for as words.

    Args:
        text: the search as typed.
        authors, tags: the ids of those in `names_in(text)` that exist.
    """
    parser = _Parser(authors, tags)
    for term in _terms(text):
        parser.add(term)
    return parser.question(is_cut=len(text) > LONGEST)


def terms(text: str) -> list[str]:
    """The terms of a search as typed, without `or`."""
    return [term for part in _parts(text) for term in part]


def alternatives(text: str) -> list[str]:
    """The parts of a search separated by `or`; at least one, which may be empty."""
    return [" ".join(part) for part in _parts(text) if part] or [""]


def start_of_period(text: str) -> datetime | None:
    """The start of a year, month or day such as `2026-01`; `None` if the text isn't one."""
    if (found := _DATE.fullmatch(text)) is None:
        return None
    try:
        return datetime(*map(int, found.groups("1")), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def _terms(text: str) -> list[_Term]:
    normalised = text[:LONGEST].translate(_QUOTATION_MARKS)
    return [
        _Term(bool(minus), operator.lower(), phrase or word, not word)
        for minus, operator, phrase, word in _TERM.findall(normalised)
    ]


def _parts(text: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for term in _TERM.finditer(text[: LONGEST + 1].translate(_QUOTATION_MARKS)):
        if term[0].lower() in _OR:
            parts.append([])
        else:
            parts[-1].append(term[0])
    return parts


def _tag(text: str) -> str:
    return fold_tag(text.lstrip("#"))


class _Parser:
    """The state of parsing one search."""

    def __init__(self, authors: Mapping[str, int], tags: Mapping[str, int]) -> None:
        self._ids: dict[str, Mapping[str, int]] = {"author": authors, "tag": tags}
        # Alternatives, each of several terms, which are words that follow one another.
        self._alternatives: list[list[list[str]]] = [[]]
        self._unwanted: list[list[str]] = []
        self._keys: list[tuple[str, bool]] = []
        self._times: dict[str, Any] = {}
        self._in_comments = False
        self._room = MOST_WORDS
        self._is_cut = False

    def add(self, term: _Term) -> None:
        if term.operator and self._apply_operator(term):
            return
        is_bare = not (term.operator or term.is_phrase or term.is_unwanted)
        if is_bare and term.value.lower() in _OR:
            self._alternatives.append([])
            return
        words = folded_words(f"{term.operator} {term.value}")
        self._is_cut |= len(words) > self._room
        if words := words[: self._room]:
            self._room -= len(words)
            (self._unwanted if term.is_unwanted else self._alternatives[-1]).append(words)

    def _apply_operator(self, term: _Term) -> bool:
        """Apply an operator; return `False` if it means nothing."""
        name, value, is_wanted = term.operator, term.value, not term.is_unwanted
        if name == "author" and (found := self._ids[name].get(value.lower().lstrip("@"))):
            self._keys.append((f"@{found}", is_wanted))
        elif name == "tag" and (found := self._ids[name].get(_tag(value))):
            self._keys.append((f"#{found}", is_wanted))
        elif name == "has" and value.lower() == "image":
            self._keys.append(("!image", is_wanted))
        elif name == "in" and value.lower() == "comments" and is_wanted:
            self._in_comments = True
        elif name in {"after", "before"} and is_wanted and (time := start_of_period(value)):
            self._times[name] = time
        else:
            return False
        return True

    def question(self, *, is_cut: bool) -> Question:
        alternatives = [terms for terms in self._alternatives if terms]
        marked = [word for terms in alternatives for term in terms for word in term]
        words = " | ".join(" & ".join(map(phrase, terms)) for terms in alternatives)
        # A comment has its own author, but the tags and images of its post.
        of_post = [each for each in self._keys if self._in_comments and each[0][0] != "@"]
        keys = _keys_query(each for each in self._keys if each not in of_post)
        is_plain = not (self._keys or self._times or self._unwanted or self._in_comments)
        is_empty = not (marked or self._times or any(wanted for _, wanted in self._keys))
        return Question(
            words=words,
            without=" | ".join(map(phrase, self._unwanted)),
            keys=keys or ("" if marked or is_empty else EVERYTHING),
            loose=_NEXT_TO.sub("&", words) if _NEXT_TO.search(words) else "",
            in_comments=self._in_comments,
            post_keys=_keys_query(of_post),
            post_tags=tuple(
                int(key[1:]) for key, is_wanted in of_post if is_wanted and key[0] == "#"
            ),
            marked=tuple(dict.fromkeys(marked)),
            plain=tuple(dict.fromkeys(marked)) if is_plain else (),
            is_cut=self._is_cut or is_cut,
            is_empty=is_empty,
            **self._times,
        )


def _keys_query(keys: Iterable[tuple[str, bool]]) -> str:
    """The wanted and unwanted keys in the syntax of `to_tsquery`."""
    return " & ".join(f"{'' if is_wanted else '!'}'{key}'" for key, is_wanted in keys)
