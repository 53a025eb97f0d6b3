"""What an edit has changed of a text, word by word, for people to read.

Lines are compared first, and then the words of those that differ. The longest common subsequence
is found by rapidfuzz, whose time is bounded: 0.1 s for two texts of 64 KiB that have nothing in
common. difflib takes minutes for some of them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape

from rapidfuzz.distance import LCSseq

from blog.core.text.differences import WRITTEN_TOGETHER

# A word with the space behind it; and a text that begins with a space.
_WORD = re.compile(f"[{WRITTEN_TOGETHER}]\\s*|[^\\s{WRITTEN_TOGETHER}]+\\s*|\\s+")
# Each takes a bit of memory. Longer parts count as replaced.
MOST_PAIRS = 2**27
# How many unchanged lines are shown beside a change, and how many more it takes to fold them.
CONTEXT, LEAST_FOLDED = 2, 4


class Part:
    """A part of two texts: what both have, or what was removed and what was added instead.

    Attributes:
        sizes: the number of characters of each, without spaces.
        size: that of the longer one.
    """

    def __init__(self, before: Sequence[str], after: Sequence[str], *, is_same: bool) -> None:
        self.before, self.after, self.is_same = [*before], [*after], is_same
        self.sizes = [sum(len(each.strip()) for each in side) for side in (before, after)]

    @property
    def size(self) -> int:
        return max(self.sizes)

    def append(self, other: "Part") -> None:
        """Take what follows as changed with this."""
        self.before += other.before
        self.after += other.after
        self.sizes = [mine + its for mine, its in zip(self.sizes, other.sizes, strict=True)]


def comparison_html(before: str, after: str) -> str:
    """A text with what was removed in `<del>`, what was added in `<ins>`, and long parts that are
    unchanged in `<details>`; empty if no word differs.
    """
    parts = _parts(before.splitlines(keepends=True), after.splitlines(keepends=True), str.rstrip)
    # Blank lines between lines that differ.
    parts = _without_coincidences(parts)
    last = len(parts) - 1
    shown = "".join(
        _unchanged(part.after, is_first=number == 0, is_last=number == last)
        if part.is_same
        else _changed(part)
        for number, part in enumerate(parts)
    )
    return shown if "<del>" in shown or "<ins>" in shown else ""


def _parts(before: Sequence[str], after: Sequence[str], key: Callable[[str], str]) -> list[Part]:
    """What two sequences have in common, by this key, and what they have not."""
    old, new = [*map(key, before)], [*map(key, after)]
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = slice(start, len(old) - end), slice(start, len(new) - end)
    parts = [
        Part(before[:start], after[:start], is_same=True),
        *_middle(before[middle[0]], after[middle[1]], key),
        Part(before[middle[0].stop :], after[middle[1].stop :], is_same=True),
    ]
    return [part for part in parts if part.before or part.after]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many elements are the same from the beginning."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (was, now) in pairs if was != now), min(len(old), len(new)))


def _middle(
    before: Sequence[str], after: Sequence[str], key: Callable[[str], str]
) -> Iterator[Part]:
    if len(before) * len(after) > MOST_PAIRS:
        yield Part(before, after, is_same=False)
        return
    removed: list[str] = []
    added: list[str] = []
    for each in LCSseq.opcodes([*map(key, before)], [*map(key, after)]):
        old = before[each.src_start : each.src_end]
        new = after[each.dest_start : each.dest_end]
        if each.tag != "equal":
            removed += old
            added += new
            continue
        if removed or added:
            yield Part(removed, added, is_same=False)
            removed, added = [], []
        yield Part(old, new, is_same=True)
    if removed or added:
        yield Part(removed, added, is_same=False)


def _without_coincidences(parts: Sequence[Part]) -> list[Part]:
    """Take parts that are the same, but smaller than the changes around them, as changed too.

    Two sentences have some words in common although one was written anew.
    """
    found: list[Part] = []
    for part in parts:
        found.append(part)
        while len(found) > 2 and _is_coincidence(*found[-3:]):
            first, *others = found[-3:]
            for each in others:
                first.append(each)
            del found[-2:]
    return found


def _is_coincidence(before: Part, between: Part, after: Part) -> bool:
    is_between = between.is_same and not before.is_same and not after.is_same
    return is_between and 2 * between.size <= min(before.size, after.size)


def _changed(lines: Part) -> str:
    before, after = "".join(lines.before), "".join(lines.after)
    words = _without_coincidences(_parts(_WORD.findall(before), _WORD.findall(after), str.strip))
    shown = "".join(
        escape("".join(part.after)) if part.is_same else _replaced(part) for part in words
    )
    return f'<p class="changed" dir="auto">{shown.strip()}</p>'


def _replaced(part: Part) -> str:
    """Words that were removed, and those that were added instead, with the spaces behind them."""
    before, after = "".join(part.before), "".join(part.after)
    removed, added = before.strip(), after.strip()
    marked = [
        f"<{tag}>{escape(words)}</{tag}>"
        for tag, words in (("del", removed), ("ins", added))
        if words
    ]
    last = after if added else before
    return " ".join(marked) + (last[len(last.rstrip()) :] or " ")


def _unchanged(lines: Sequence[str], *, is_first: bool, is_last: bool) -> str:
    written = [line for line in lines if line.strip()]
    head = 0 if is_first else CONTEXT
    tail = 0 if is_last else CONTEXT
    folded = written[head : len(written) - tail]
    if len(folded) < LEAST_FOLDED:
        return _paragraphs(written)
    summary = f"<summary>{len(folded)} unchanged lines</summary>"
    return (
        _paragraphs(written[:head])
        + f"<details>{summary}{_paragraphs(folded)}</details>"
        + _paragraphs(written[len(written) - tail :])
    )


def _paragraphs(lines: Sequence[str]) -> str:
    return "".join(f'<p dir="auto">{escape(line.rstrip())}</p>' for line in lines)
