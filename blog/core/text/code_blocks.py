"""Fenced code blocks in Markdown (CommonMark 0.31, 4.5), which changes to a text leave alone."""

import re
from collections.abc import Callable, Iterator

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")


def split_code_blocks(text: str) -> Iterator[tuple[bool, str]]:
    """Split a Markdown text into parts, and tell for each whether it is a fenced code block."""
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


def change_outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change a Markdown text outside of its fenced code blocks."""
    return "".join(part if is_code else change(part) for is_code, part in split_code_blocks(text))
