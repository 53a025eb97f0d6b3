"""Mentions: `@name`, a link to the profile of that person.

Existing people are looked up before a text is rendered, and passed in as `env["people"]`. Other
names stay text. So do names in code, links and email addresses, because mentions are only searched
for in parsed text, and `\\@name`.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from blog.core.text.cjk import is_cjk

# How many different names of a text are looked up, including those in code and URLs, and how many
# mentions become links; further ones stay text.
MOST_NAMES = 100
MOST_LINKS = 200
LONGEST_NAME = 64
# No author can write a link with this class.
CLASS = "mention"

# The username of each person, by its lower-case form.
People = Mapping[str, str]

# The quantifier is possessive, so that "@nina@example.com" doesn't match as "@nin".
_NAME = re.compile(r"@([A-Za-z][A-Za-z0-9._]*+)(?!@)", re.ASCII)
_LINK = re.compile(f'<a href="/user/([^"]+)" class="{CLASS}"')
_QUOTE = re.compile("(</?blockquote>)")
# Such as in "example.com/@nina", "?by=@nina" and "nina.@nina".
_NOT_BEFORE = "/.@-_=+&"


def names_in(source: str) -> list[str]:
    """The names that a text may mention, in lower case, without duplicates."""
    if "@" not in source:
        return []
    # An underscore at the end may close emphasis.
    found = (
        spelling.lower()
        for match in _NAME.finditer(source)
        if (name := _name(match))
        for spelling in {name: None, name.rstrip("_"): None}
    )
    return list(islice(dict.fromkeys(found), MOST_NAMES))


def mentioned_in(html: str) -> list[str]:
    """The usernames that a rendered text mentions, in lower case, in order, without duplicates."""
    return list(dict.fromkeys(name.lower() for name in _LINK.findall(html)))


def addressed_in(html: str) -> list[str]:
    """Those of `mentioned_in` that are mentioned outside quotations."""
    if "<blockquote" not in html:
        return mentioned_in(html)
    parts, depth = [], 0
    for part in _QUOTE.split(html):
        if part.startswith("</"):
            depth -= 1
        elif part.startswith("<blockquote"):
            depth += 1
        elif not depth:
            parts.append(part)
    return mentioned_in("".join(parts))


def link_mentions(state: StateCore) -> None:
    """A core rule before escaped characters become text: link names to profiles."""
    people: People = state.env.get("people", {})
    if not people:
        return
    linker = _Linker(people)
    for block in state.tokens:
        if block.children and "@" in block.content:
            block.children = linker.link(block.children)


class _Linker:
    """Creates the links of one text.

    Args:
        people: the people it may mention.
    """

    def __init__(self, people: People) -> None:
        self._people = people
        self._left = MOST_LINKS

    def link(self, tokens: Sequence[Token]) -> list[Token]:
        """Replace names in the tokens of a block with links."""
        linked, depth = list[Token](), 0
        for number, token in enumerate(tokens):
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            if token.type != "text" or depth or "@" not in token.content:
                linked.append(token)
                continue
            before = tokens[number - 1] if number else None
            # An escaped character is a token of its own.
            is_text = before is not None and before.type == "text_special"
            linked += self._parts(token.content, before.content[-1:] if before and is_text else "")
        return linked

    def _parts(self, text: str, preceding: str) -> list[Token]:
        parts, end = list[Token](), 0
        for match in _NAME.finditer(text):
            name = _name(match)
            username = self._people.get(name.lower())
            last = match.start() + 1 + len(name)
            before = text[match.start() - 1] if match.start() else preceding
            is_name = _may_precede(before) and _may_follow(text[last : last + 2])
            if username is None or not is_name or not self._left:
                continue
            self._left -= 1
            parts += [_text(text[end : match.start()]), *_link(username)]
            end = last
        return [*parts, _text(text[end:])]


def _link(username: str) -> list[Token]:
    link = Token("link_open", "a", 1, attrs={"href": f"/user/{username}", "class": CLASS})
    return [link, _text(f"@{username}"), Token("link_close", "a", -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _name(match: re.Match[str]) -> str:
    """The matched name, without the full stop of a sentence; empty if it is too long."""
    name = match[1].rstrip(".")
    return name if len(name) <= LONGEST_NAME else ""


def _may_precede(character: str) -> bool:
    return is_cjk(character) if character.isalnum() else character not in {*_NOT_BEFORE}


def _may_follow(next_two: str) -> bool:
    """Whether a name can end here: no further letter, in any writing system, belongs to it."""
    character = next_two[:1]
    if character == "-":
        return not next_two[1:].isalnum()
    return not character.isalnum() or is_cjk(character)
