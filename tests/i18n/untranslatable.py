"""Finds texts of the source that nobody can translate, because they do not go through gettext."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from blog.core.i18n.templates import add_translations
from tests.servers import PROJECT

FUNCTIONS = {
    "_", "gettext", "ngettext", "pgettext", "npgettext", "lazy_gettext", "lazy_pgettext",
}  # fmt: skip
# The description of the API is in English.
DESCRIPTIONS = {"Field", "Resource", "document_response", "document_headers", "with_example"}
WORD = re.compile(r"[A-Za-z]{2,}")
# What macros write into a tag, and blocks into a class.
ATTRIBUTES = re.compile(r'\b[a-z-]+="[^"]*"|\bautofocus\b')
CLASSES = {"layout", "masthead"}
# What readers get as it is, in each language.
NOT_TRANSLATED = {"code", "kbd", "pre", "samp", "script", "style", "svg"}
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
# Names, and units that all languages have.
NAMES = re.compile(
    r"\b(?:API|Atom|JSON|Feed|Markdown|ALT|MiB|KiB|UTC|URL|ID|Broadside|ORCID|OpenID|WordPress|Ghost"
    r"|Bear Blog)\b"
)
# In Markdown.
CODE = re.compile(r"`[^`]*`")
# A sentence of ours has a capital, a space and an end; no key, header or statement does.
SENTENCE = re.compile(r"[A-Z“][^\n]* [^\n]*[.!?]”?")
# Filled in where an expression stands in a template.
HOLE = "\ufffc"
environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
add_translations(environment)


class VisibleTexts(HTMLParser):
    """Collects what readers see or hear of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NOT_TRANSLATED:
            self._silent += 1
        self.found += [value or "" for name, value in attrs if name in READ_ALOUD]

    def handle_endtag(self, tag: str) -> None:
        if tag in NOT_TRANSLATED and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def is_text(text: str) -> bool:
    """Whether a text has words."""
    without_attributes = ATTRIBUTES.sub("", text.replace(HOLE, " "))
    return WORD.search(NAMES.sub("", without_attributes)) is not None


def of_template(path: Path) -> list[str]:
    """The texts of a template that do not go through gettext."""
    source = path.read_text()
    html = "".join(_written(environment.parse(source)))
    if path.suffix != ".html":
        return [line.strip() for line in html.splitlines() if is_text(CODE.sub("", line))]
    visible = VisibleTexts()
    visible.feed(html)
    labels = [text for text in _constants(environment.parse(source)) if reads_like_text(text)]
    return [text.strip() for text in (*visible.found, *labels) if is_text(text)]


def _written(node: nodes.Node) -> Iterator[str]:
    """What a template writes as it is, with a hole for each expression."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Output):
        for child in node.nodes:
            yield from _written(child) if isinstance(child, nodes.TemplateData) else (HOLE,)
    elif not (isinstance(node, nodes.Block) and node.name in CLASSES):
        for child in node.iter_child_nodes():
            yield from _written(child)


def _constants(node: nodes.Node) -> Iterator[str]:
    """The texts in the expressions of a template, such as the labels that macros get."""
    if isinstance(node, nodes.Call):
        function = node.node
        if isinstance(function, nodes.Name) and function.name in FUNCTIONS:
            return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _constants(child)


def reads_like_text(text: str) -> bool:
    """Whether a constant is something to read: it begins with a capital, or has a space between
    words, and is no address, class or pattern."""
    return bool(
        re.fullmatch(r"[A-Z“][a-z’']+(?:[ ,:][^<>=\n]*)?[^/]?|[A-Z][^<>={}\n]* [^<>={}\n]*", text)
    )


def of_module(path: Path) -> list[str]:
    """The sentences of a Python module that do not go through gettext."""
    tree = ast.parse(path.read_text())
    return [text for text in _sentences(tree) if is_text(text)]


def _sentences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in FUNCTIONS or name in DESCRIPTIONS:
            return
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any("EXAMPLE" in ast.unparse(target) for target in targets):
            return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if SENTENCE.fullmatch(node.value):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(
            part.value if isinstance(part, ast.Constant) else HOLE for part in node.values
        )
        if SENTENCE.fullmatch(text):
            yield text
        return
    children = list(ast.iter_child_nodes(node))
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and _is_docstring(body[0]):
        children.remove(body[0])
    for child in children:
        if not _is_docstring(child):  # Attributes of classes have some, too.
            yield from _sentences(child)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def untranslatable() -> dict[str, list[str]]:
    """The texts of each file that has some."""
    found = {
        path.relative_to(PROJECT).as_posix(): of_template(path)
        for path in sorted(PROJECT.glob("templates/**/*.*"))
    } | {
        path.relative_to(PROJECT).as_posix(): of_module(path)
        for path in sorted(PROJECT.glob("blog/**/*.py"))
    }
    return {name: texts for name, texts in found.items() if texts}
