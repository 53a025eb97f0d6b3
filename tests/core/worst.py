"""A search for the texts that cost the most to render.

Short fragments are put together at random, repeated, and tried at a small size; those that cost
the most are changed a little, as long as there is time, and in the end tried at the full size. What
is searched by a regular expression from each place on, or nested, shows already at the small size.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

# How long each search takes in CI; `make worst` takes longer, and begins elsewhere.
SECONDS = float(os.environ.get("WORST_SECONDS", "0.1"))
SEED = int(os.environ.get("WORST_SEED", "1"))
GIVEN_UP_AFTER = 10.0
KEPT = 8
FINALISTS = 2

SIGNS = [*"\"'`<>(){}[]/\\*#-=+|&%$@!?:;,.~^_ \n0a", "\n\n", "\t", "é", "真", "。"]
MARKDOWN = [
    *SIGNS, "**", "__", "~~", "![", "](", "]:", "/b", "[a]", "(b)", '"t', "<!--", "&#", "&amp;",
    "http://", "https://", "www.", "://", "a.b", "a@", "@b.c", "mailto:", "a ", "- ", "> ", "1. ",
    "# ", "---", "```", "    ", "  \n", "|-|", "\n-|-\n", "=\n", "\\\n",
    "$$", "==", "[^a]", "[^a]: ", "[!TIP]\n", "[toc]", "[ ] ", ": ", "](#a)", "{1-9}", "\n\n    ",
]  # fmt: skip
MATHS = [
    *SIGNS, "\\frac", "\\sqrt", "\\left(", "\\right)", "\\begin{matrix}", "\\end{matrix}",
    "\\\\", "\\text{",
    "\\mathbf", "\\over ", "\\binom", "\\limits", "\\sum", "\\hline", "\\color{red}", "\\verb|",
    "\\hspace",
    "\\displaystyle", "\\operatorname{", "\\xrightarrow", "\\big", "\\not", "\\middle|",
    "\\substack", "\\sideset",
    "\\prescript", "\\genfrac", "\\mbox{$", "\\class{a}", "\\href{a}", "\\tag{", "\\bf ",
    "\\phantom", "''",
    "\\newcommand{\\a}", "\\def", "\\a",
]  # fmt: skip
CODE = [
    *SIGNS, "//", "/*", "*/", "<!--", "-->", "<?", "?>", "${", "#{", "m{", "q(", "s/", "<<",
    "<<A\n", 'r#"', 'R"(', "'''",
    '"""', "{{", "::", "->", "=>", "a ", "a.", "a:", "a=", "a(", "a<", "if ",
    "def ", "class ", "#if 0\n", "\\\n", "0x", "1e", "1.", "a\n", "# ", "- ", "$ ", ">>> ", "begin",
    "end", "=begin\n", "@a", "%w(", "--[[", "]]", "e'", "'a", '"a"', "<a ", "</a>", "<script>",
    "<style>", "<?php ", "function ", "var ", "type ", "struct ", "fn ", "val ", "select ", "url(",
    "@media ", "\f", "\v", "\\'", '\\"',
]  # fmt: skip


class Text(NamedTuple):
    """A text of any length: what it begins with, what is repeated, and what closes each of that."""

    beginning: str
    unit: str
    closing: str

    def of_length(self, length: int) -> str:
        """The text, with as many repetitions as fit."""
        times = length // len(self.unit + self.closing) + 1
        return (self.beginning + self.unit * times)[: length - times * len(self.closing)] + (
            self.closing * times
        )


def search(
    cost: Callable[[str], float], fragments: Sequence[str], small: int, full: int, part: int = 0
) -> tuple[float, Text]:
    """The text of length `full` that costs the most of those that were tried, and its cost.

    Args:
        cost: the processor time of a text, in seconds.
        fragments: what texts are made of.
        small: at which length most are tried.
        part: of several searches for the same, each has another beginning.
    """
    chance = random.Random(f"{SEED} {part}")
    costly: list[tuple[float, Text]] = []
    end = time.process_time() + SECONDS
    while time.process_time() < end:
        text = _changed(chance, fragments, costly)
        costly.append((cost(text.of_length(small)), text))
        costly = sorted(costly, reverse=True)[:KEPT]
    return max((cost(text.of_length(full)), text) for _, text in costly[:FINALISTS])


def processor_time(render: Callable[[str], object]) -> Callable[[str], float]:
    """How long `render` takes for a text; one that takes longer than that is given up."""

    def cost(source: str) -> float:
        start = time.process_time()
        with _given_up_after(GIVEN_UP_AFTER):
            render(source)
        return time.process_time() - start

    return cost


def _changed(
    chance: random.Random, fragments: Sequence[str], costly: Sequence[tuple[float, Text]]
) -> Text:
    """Something new, or something that costs much with one part changed."""

    def anything(empty: float) -> str:
        if chance.random() < empty:
            return ""
        return "".join(chance.choices(fragments, k=chance.choice([1, 1, 2, 2, 3, 4])))

    if not costly or chance.random() < 0.6:
        return Text(anything(0.6), anything(0), anything(0.6))
    text = chance.choice(costly)[1]
    return chance.choice(
        [
            text._replace(beginning=anything(0.3)),
            text._replace(unit=text.unit + anything(0)),
            text._replace(unit=anything(0) + text.unit),
            text._replace(closing=anything(0.3)),
        ]
    )


@contextmanager
def _given_up_after(seconds: float) -> Iterator[None]:
    """Python looks for signals within regular expressions, too, as long as it has handlers."""

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except TimeoutError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
