"""Footnotes: `[^1]` in the text, and `[^1]: the note` in a block of its own, as on GitHub.

They are numbered in the order of their references; unreferenced ones are left out. Their ids
contain a digest of the text, because a feed shows several posts on a page, and a post has no id yet
when it is rendered.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence

from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from blog.core.text.syntax.headings import ID_PREFIX

LABEL = "Footnotes"
# Further references are left as they are written.
MOST_REFERENCES = 500

_LABEL = r"\[\^([^\s\[\]\\^]{1,64})\]"
_DEFINITION = re.compile(rf"{_LABEL}:[ \t]*")
_REFERENCE = re.compile(_LABEL)
_INDENTATION = 4


def define(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: parse the definition of a footnote, with the indented lines that follow."""
    begin, line_end = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    found = _DEFINITION.match(state.src, begin, line_end)
    if found is None or state.is_code_block(start) or (state.level and not silent):
        return False
    if silent:
        return True
    state.push("footnote_open", "li", 1).meta = {"label": found[1]}
    state.env.setdefault("footnotes", set()).add(found[1])
    kept = state.bMarks[start], state.tShift[start], state.sCount[start], state.parentType
    # The rest of the line is the first line of the note, as if it were indented like the others.
    state.bMarks[start], state.tShift[start] = found.end(), 0
    state.sCount[start] = state.blkIndent = _INDENTATION
    state.parentType = "footnote"
    state.line = start if found.end() < line_end else start + 1
    state.md.block.tokenize(state, state.line, end)
    state.blkIndent = 0
    state.bMarks[start], state.tShift[start], state.sCount[start], state.parentType = kept
    state.push("footnote_close", "li", -1)
    return True


def refer(state: StateInline, silent: bool) -> bool:
    """An inline rule: parse a reference to a footnote, except within links."""
    if "footnotes" not in state.env or state.linkLevel:
        return False
    found = _REFERENCE.match(state.src, state.pos, state.posMax)
    if found is None or found[1] not in state.env["footnotes"]:
        return False
    if not silent:
        number = state.env.get("footnote_references", 0)
        if number == MOST_REFERENCES:
            return False
        state.env["footnote_references"] = number + 1
        state.push("footnote_ref", "", 0).meta = {"label": found[1]}
    state.pos = found.end()
    return True


def place(state: StateCore) -> None:
    """A core rule: number the references, and move the footnotes to the end."""
    if "footnotes" not in state.env:
        return
    state.tokens, notes = _split_notes(state.tokens)
    if not (references := _references(state.tokens, notes)):
        return
    digest = hashlib.sha256(state.src.encode(errors="replace")).hexdigest()[:8]
    section = Token("footnotes_open", "section", 1, block=True)
    section.attrs |= {"class": "footnotes", "aria-label": LABEL}
    state.tokens += [section, Token("ordered_list_open", "ol", 1, block=True)]
    for number, (name, tokens) in enumerate(references.items(), 1):
        note = f"{ID_PREFIX}note.{digest}.{number}"
        for occurrence, token in enumerate(tokens, 1):
            reference = f"{ID_PREFIX}reference.{digest}.{number}.{occurrence}"
            token.meta |= {"number": number, "note": note, "reference": reference}
        state.tokens += [
            Token("footnote_open", "li", 1, block=True, attrs={"id": note}),
            *_add_backlinks(notes[name], tokens),
            Token("footnote_close", "li", -1, block=True),
        ]
    state.tokens += [
        Token("ordered_list_close", "ol", -1, block=True),
        Token("footnotes_close", "section", -1, block=True),
    ]


def render_reference(
    _renderer: RendererHTML, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: EnvType
) -> str:
    """Render the number of a footnote, as a link to it."""
    meta = tokens[idx].meta
    return (
        f'<sup><a id="{meta["reference"]}" href="#{meta["note"]}" '
        f'aria-label="Footnote {meta["number"]}">{meta["number"]}</a></sup>'
    )


def _split_notes(tokens: Sequence[Token]) -> tuple[list[Token], dict[str, list[Token]]]:
    """Separate the text from the footnotes, by name; the first of several definitions counts."""
    text: list[Token] = []
    notes: dict[str, list[Token]] = {}
    part = text
    for token in tokens:
        if token.type == "footnote_open":
            part = []
            notes.setdefault(token.meta["label"], part)
        elif token.type == "footnote_close":
            part = text
        else:
            part.append(token)
    return text, notes


def _references(text: list[Token], notes: dict[str, list[Token]]) -> dict[str, list[Token]]:
    """The references by the names of their footnotes, in order of first reference.

    Footnotes may refer to each other, even in a circle; each is visited once.
    """
    references: dict[str, list[Token]] = {}
    parts = [text]
    for part in parts:
        for token in part:
            for child in token.children or ():
                if child.type == "footnote_ref":
                    name = child.meta["label"]
                    if name not in references:
                        references[name] = []
                        parts.append(notes[name])
                    references[name].append(child)
    return references


def _add_backlinks(note: list[Token], references: Sequence[Token]) -> list[Token]:
    """Add a link back to each reference at the end of the last paragraph of a footnote."""
    if not note or note[-1].type != "paragraph_close":
        note = [
            *note,
            Token("paragraph_open", "p", 1, block=True),
            Token("inline", "", 0, block=True, children=[]),
            Token("paragraph_close", "p", -1, block=True),
        ]
    children = note[-2].children = note[-2].children or []
    for occurrence, reference in enumerate(references, 1):
        number = str(reference.meta["number"])
        several = "" if len(references) == 1 else f".{occurrence}"
        children += _backlink(reference.meta["reference"], number + several, occurrence)
    return note


def _backlink(target: str, name: str, occurrence: int) -> Iterator[Token]:
    label = f"Back to reference {name}"
    yield Token("text", "", 0, content=" ")
    yield Token("link_open", "a", 1, attrs={"href": f"#{target}", "aria-label": label})
    # The variation selector keeps it from being an emoji.
    yield Token("text", "", 0, content="↩\ufe0e")
    if occurrence > 1:
        yield Token("text", "", 0, content=str(occurrence))
    yield Token("link_close", "a", -1)
