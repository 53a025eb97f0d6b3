"""Source code to HTML, coloured by Pygments: by class, so that the style sheet decides."""

import re
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)

# Languages whose lexers were seen to stay fast whatever they are fed; not so Java's, C#'s,
# make's and that of .ini files, which take seconds for some kilobytes of the wrong text.
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
# Most regular expressions of the lexers end with the line, or go on over white space only (those
# of C and C++, from each line on): what is slow is a long line, and a long gap.
_LONGEST_LINE = 200
# Perl's strings go on over lines, and from each quotation sign on their end is searched anew.
_LONGEST_PERL = 4_000
_GAP = re.compile(r"\s{100}")
_formatter = HtmlFormatter(nowrap=True)


def is_highlightable(code: str, language: str) -> bool:
    """Whether `code` can be coloured within 60 µs a character: `tests/core/worst.py` tries."""
    lexer = _LANGUAGES.get(language.lower())
    # Other signs that end a line to Python, such as form feeds, end none to the lexers.
    return (
        lexer is not None
        and (lexer != "perl" or len(code) <= _LONGEST_PERL)
        and all(len(line) <= _LONGEST_LINE for line in code.split("\n"))
        and not _GAP.search(code)
    )


def highlighted(code: str, language: str) -> str:
    """The HTML of `code`, with a `<span class="…">` of `CLASSES` around each token.

    Args:
        code: what stands in the block.
        language: its name, as a writer gives it; an unknown one gives plain text.
    """
    if not is_highlightable(code, language):
        return escape(code, quote=False)
    lexer = get_lexer_by_name(_LANGUAGES[language.lower()], stripnl=False, ensurenl=False)
    return highlight(code, lexer, _formatter)
