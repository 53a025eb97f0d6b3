"""Autolinks in Markdown: bare http://, https://, www. and email addresses.

The rules are those of GitHub Flavored Markdown, 6.9, in one linear scan. In addition, an address
ends at characters that RFC 3986 does not allow, at Chinese and Japanese punctuation, which is not
followed by a space, and at invisible characters, which could disguise it.
"""

import re
import unicodedata

from markdown_it.rules_inline import StateInline

from blog.core.text.cjk import is_cjk

# Where plain text ends: at Markdown syntax or at the start of an address.
_SIGNS = r"[\n!&*<\[\\\]_`~$]|=="
_LOCAL_PART = r"(?<![A-Za-z0-9.+/-])(?:mailto:)?[A-Za-z0-9._+-]{1,64}@"
_SOMETHING = re.compile(rf"{_SIGNS}|https?://|www\.|{_LOCAL_PART}", re.IGNORECASE)

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_WWW = re.compile(r"www\.(?=[\w-]+\.[\w-])", re.IGNORECASE)
_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,126}(?::[0-9]{1,5}(?![0-9]))?")
_USER = re.compile(r":?[^\s/?#@]{0,64}@")
_PATH = re.compile(r'[/?#][^\s<>"`\\]*')
_EMAIL = re.compile(
    _LOCAL_PART + r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,8}(?![A-Za-z0-9_-])"
)
_NOT_BEFORE = "/.@-"
_NOT_LAST = "?!.,:;*_~'\"["
_LONGEST_ENTITY = 32


def skip_text(state: StateInline, silent: bool) -> bool:
    """Replace the rule "text": consume whatever no other rule handles."""
    found = _SOMETHING.search(state.src, state.pos, state.posMax)
    end = found.start() if found else state.posMax
    if end == state.pos:
        return False
    if not silent:
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def link_address(state: StateInline, silent: bool) -> bool:
    """An inline rule: link bare addresses, except within links."""
    if state.linkLevel:
        return False
    shown = _web_address(state.src, state.pos, state.posMax)
    scheme = "" if not shown or _SCHEME.match(shown) else "http://"
    if not shown:
        found = _EMAIL.match(state.src, state.pos, state.posMax)
        if found is None or found[0][-1] in "_-":
            return False
        shown = found[0]
        scheme = "" if shown.lower().startswith("mailto:") else "mailto:"
    address = state.md.normalizeLink(scheme + shown)
    if not state.md.validateLink(address):
        return False
    if not silent:
        state.push("link_open", "a", 1).attrs = {"href": address}
        state.push("text", "", 0).content = shown
        state.push("link_close", "a", -1)
    state.pos += len(shown)
    return True


def _web_address(source: str, start: int, end: int) -> str:
    """Find the address that starts at `start`; empty if there is none."""
    if scheme := _SCHEME.match(source, start, end):
        host = _HOST.match(source, scheme.end(), end)
    else:
        host = _HOST.match(source, start, end) if _WWW.match(source, start, end) else None
    if host is None or (start and not _may_precede(source[start - 1])):
        return ""
    if "_" in "".join(host[0].split(".")[-2:]) or _USER.match(source, host.end(), end):
        return ""
    path = _PATH.match(source, host.end(), end)
    return source[start : _path_end(source, start, path.end()) if path else host.end()]


def _may_precede(character: str) -> bool:
    """Whether an address can start after this character: not within a word or another address."""
    return is_cjk(character) or not (character.isalnum() or character in _NOT_BEFORE)


def _path_end(source: str, start: int, end: int) -> int:
    """The end of an address, at most `end`."""
    brackets = 0
    for position in range(start, end):
        character = source[position]
        if character == "[":
            brackets += 1
        elif character == "]":
            brackets -= 1
        if brackets < 0 or (not character.isascii() and _ends_address(character)):
            end = position
            break
    surplus = source.count(")", start, end) - source.count("(", start, end)
    while True:
        last = source[end - 1]
        if last == ")" and surplus > 0:
            surplus -= 1
        elif last == ";":
            entity = source.rfind("&", max(start, end - _LONGEST_ENTITY), end - 1)
            if entity > 0 and source[entity + 1 : end - 1].isalnum():
                end = entity + 1
        elif last not in _NOT_LAST:
            return end
        end -= 1


def _ends_address(character: str) -> bool:
    category = unicodedata.category(character)
    return category in {"Cc", "Cf", "Zl", "Zp", "Zs"} or (category[0] == "P" and is_cjk(character))
