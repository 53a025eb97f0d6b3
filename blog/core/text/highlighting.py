"""Syntax highlighting with Pygments, by CSS classes."""

import re
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)

# Languages whose lexers stay fast on any input. Those of Java, C#, make and .ini files take
# seconds for a few kilobytes of hostile text.
_LANGUAGES = {
    name: lexer
    for lexer, names in {
        "bash": ("bash", "sh", "shell", "zsh"),
        "c": ("c", "h"),
        "console": ("console", "shell-session"),
        "cpp": ("cpp", "c++", "hpp"),
        "css": ("css",),
        "diff": ("diff", "patch"),
        "docker": ("docker", "dockerfile"),
        "go": ("go", "golang"),
        "html": ("html",),
        "javascript": ("javascript", "js"),
        "json": ("json",),
        "kotlin": ("kotlin", "kt"),
        "lua": ("lua",),
        "perl": ("perl", "pl"),
        "php": ("php",),
        "pycon": ("pycon",),
        "python": ("python", "py", "python3"),
        "r": ("r",),
        "ruby": ("ruby", "rb"),
        "rust": ("rust", "rs"),
        "scala": ("scala",),
        "sql": ("sql",),
        "swift": ("swift",),
        "toml": ("toml",),
        "typescript": ("typescript", "ts"),
        "xml": ("xml", "svg"),
        "yaml": ("yaml", "yml"),
    }.items()
    for name in names
}
# Most regular expressions of the lexers stop at the end of a line, or continue over white space
# only (in C and C++ from each line): long lines and long gaps make them slow.
_LONGEST_LINE = 200
# Perl's strings span lines, and the lexer searches their end from each quotation mark.
_LONGEST_PERL = 4_000
_GAP = re.compile(r"\s{100}")
_formatter = HtmlFormatter(nowrap=True)


def is_highlightable(code: str, language: str) -> bool:
    """Whether `code` can be highlighted within 60 µs per character (tested by
    `tests/core/worst.py`)."""
    lexer = _LANGUAGES.get(language.lower())
    # Lexers do not treat form feeds and the like as line breaks, unlike str.splitlines.
    return (
        lexer is not None
        and (lexer != "perl" or len(code) <= _LONGEST_PERL)
        and all(len(line) <= _LONGEST_LINE for line in code.split("\n"))
        and not _GAP.search(code)
    )


def highlight_code(code: str, language: str) -> str:
    """The HTML of `code`, with a `<span class="…">` of `CLASSES` around each token.

    Args:
        code: the content of the block.
        language: its name, as the author wrote it; for an unknown one the result is plain text.
    """
    if not is_highlightable(code, language):
        return escape(code, quote=False)
    lexer = get_lexer_by_name(_LANGUAGES[language.lower()], stripnl=False, ensurenl=False)
    return highlight(code, lexer, _formatter)
