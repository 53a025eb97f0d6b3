"""Fenced blocks of code in Markdown (CommonMark 0.31, 4.5), for changes of a text that leave them
alone."""

import re
from collections.abc import Callable, Iterator

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")


def parts_of(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a Markdown text, and whether each is a fenced block of code."""
    part, fence = list[str](), ""
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line.rstrip("\r\n"))
        if found and not fence:
            yield False, "".join(part)
            part, fence = [line], found[1]
            continue
        part.append(line)
        if found and found[1].startswith(fence) and not found[2].strip():
            yield True, "".join(part)
            part, fence = [], ""
    yield bool(fence), "".join(part)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change a Markdown text where it is no block of code."""
    return "".join(part if is_code else change(part) for is_code, part in parts_of(text))
