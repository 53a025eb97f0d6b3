"""How long does it take to render the worst texts that somebody can send?

Usage: python -m benchmarks.rendering

Renders 64 KiB of each of many patterns of Markdown, and two ordinary texts of that length, and
prints how long each takes, or that it is refused; the slowest come first.
"""

import time
from statistics import median

from blog.kit.markdown import TooIntricateError, render_document
from tests.kit.test_markdown import PATTERNS

LENGTH = 65_536
ROUNDS = 3
PROSE = "The quick brown fox jumps over a lazy dog and then, however, it sleeps. " * 6 + "\n\n"
MARKED_UP = "Some *words* of **ordinary** text, [a link](https://example.com) and `code`.\n\n"


def rendering(source: str) -> tuple[float, str]:
    """The processor's time for one text, in seconds, and what came of it."""
    start = time.thread_time()
    try:
        render_document(source)
        outcome = "rendered"
    except TooIntricateError:
        outcome = "refused"
    return time.thread_time() - start, outcome


def main() -> None:
    """Render each text a few times, and print the medians."""
    lines = []
    for pattern in [PROSE, MARKED_UP, *PATTERNS]:
        source = (pattern * (LENGTH // len(pattern) + 1))[:LENGTH]
        results = [rendering(source) for _ in range(ROUNDS)]
        name = {PROSE: "prose", MARKED_UP: "prose with links"}.get(pattern, repr(pattern))
        lines.append((median(seconds for seconds, _ in results), name, results[0][1]))
    for seconds, name, outcome in sorted(lines, reverse=True):
        print(f"{name:24} {seconds * 1000:7.1f} ms  {outcome}")


if __name__ == "__main__":
    main()
