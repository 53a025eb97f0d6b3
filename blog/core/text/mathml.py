r"""LaTeX formulas as MathML Core (https://www.w3.org/TR/mathml-core/), by latex2mathml.

Of the library's output, only the elements and attributes listed here are kept, because it also
supports `\href`, `\style` and `\class`.
"""

import re
import unicodedata
from html import escape, unescape
from xml.etree.ElementTree import Element

LONGEST_FORMULA = 1_000
# Browsers lay out nested elements recursively.
_DEEPEST = 40

ELEMENTS = frozenset({
    "math", "mfrac", "mi", "mn", "mo", "mover", "mphantom", "mroot", "mrow", "mspace", "msqrt",
    "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
})  # fmt: skip
# The number of children that these elements must have.
_OPERANDS = {
    **dict.fromkeys(("mfrac", "mover", "mroot", "msub", "msup", "munder"), 2),
    "msubsup": 3,
    "munderover": 3,
}
_TRUTHS = ("true", "false")
# Attributes with a fixed set of values.
VALUES: dict[str, dict[str, set[str]]] = {
    "math": {"display": {"block"}},
    "mfrac": {"linethickness": {"0"}},
    "mo": {
        name: set(_TRUTHS)
        for name in ("fence", "largeop", "movablelimits", "stretchy", "symmetric")
    }
    | {"form": {"prefix", "infix", "postfix"}},
    "mover": {"accent": set(_TRUTHS)},
    "munder": {"accentunder": set(_TRUTHS)},
    "mstyle": {"displaystyle": set(_TRUTHS), "scriptlevel": {"0", "1", "2"}},
}
# Attributes with lengths.
LENGTHS = {"mo": {"maxsize", "minsize"}, "mspace": {"width"}}
ALIGNMENTS = {"left", "right"}
_LENGTH = re.compile(r"-?\d?(?:\.\d{1,4})?(?:em|ex|pt|px)")

# Macros could expand without end.
_MACROS = re.compile(r"\\(?:newcommand|renewcommand|providecommand|def)(?![a-zA-Z])")
_ENVIRONMENTS = {"aligned": "align*", "gathered": "matrix"}
_ENVIRONMENT = re.compile(rf"(\\(?:begin|end)\s*{{)({'|'.join(_ENVIRONMENTS)})}}")
# The library takes `\\mathrm{d}` for `d`, which browsers show in italics.
_UPRIGHT = re.compile(r"\\math(?:rm|up)\s*\{([a-zA-Z])\}")
_STYLES = {
    "bold": "BOLD", "bold-italic": "BOLD ITALIC", "double-struck": "DOUBLE-STRUCK",
    "fraktur": "FRAKTUR", "bold-fraktur": "BOLD FRAKTUR", "script": "SCRIPT",
    "bold-script": "BOLD SCRIPT", "sans-serif": "SANS-SERIF", "bold-sans-serif": "SANS-SERIF BOLD",
    "monospace": "MONOSPACE",
}  # fmt: skip


class _NotUnderstoodError(Exception):
    """A formula contains something that can't be shown."""


def mathml(source: str, *, is_displayed: bool) -> str | None:
    """Convert a formula to an HTML element; `None` if it can't be parsed.

    Takes about 20 µs per character.

    Args:
        source: LaTeX, of which up to `LONGEST_FORMULA` characters are read.
        is_displayed: whether it is on a line of its own.
    """
    if len(source) > LONGEST_FORMULA or _MACROS.search(source):
        return None
    # Most sites have no formulas; the library takes 0.1 s and 6 MB.
    from latex2mathml.converter import convert_to_element  # noqa: PLC0415

    latex = _UPRIGHT.sub(r"\\mathrm{{\1}}", source)
    latex = _ENVIRONMENT.sub(lambda found: f"{found[1]}{_ENVIRONMENTS[found[2]]}}}", latex)
    try:
        root = convert_to_element(latex, display="block" if is_displayed else "inline")
        content = "".join(_html(child, 1) for child in root)
    except Exception:  # It raises whatever its lists and iterators do.
        return None
    display = ' display="block"' if is_displayed else ""
    return f'<math{display} alttext="{escape(source)}">{content}</math>'


def _html(element: Element, depth: int) -> str:
    if depth > _DEEPEST or len(element) != _OPERANDS.get(element.tag, len(element)):
        raise _NotUnderstoodError
    tag = element.tag if element.tag in ELEMENTS else "mrow"
    content = escape(_text(element), quote=False)
    content += "".join(_html(child, depth + 1) for child in element)
    return f"<{tag}{_attributes(element, tag)}>{content}</{tag}>"


def _attributes(element: Element, tag: str) -> str:
    kept = ""
    for name, value in element.attrib.items():
        if value in VALUES.get(tag, {}).get(name, ()) or (
            name in LENGTHS.get(tag, ()) and _LENGTH.fullmatch(value)
        ):
            kept += f' {name}="{value}"'
        elif name == "columnalign" and value in ALIGNMENTS:
            kept += f' class="{value}"'
        elif tag == "mi" and value == "normal":
            kept += ' mathvariant="normal"'
    return kept


def _text(element: Element) -> str:
    """The text of an element; the library leaves character references in it."""
    text = unescape(element.text or "").strip("\n")
    if element.tag != "mtext" and (text == "&" or re.match(r"\\[a-zA-Z]", text)):
        raise _NotUnderstoodError
    style = _STYLES.get(element.get("mathvariant", ""))
    return "".join(_style(character, style) for character in text) if style else text


def _style(character: str, style: str) -> str:
    """A letter or digit of Unicode's mathematical alphabets, because browsers support no other
    way."""
    for name in (f"MATHEMATICAL {style}", style, "BLACK-LETTER" if style == "FRAKTUR" else style):
        kind = unicodedata.name(character, "").replace("LATIN ", "").replace("GREEK ", "")
        kind = kind.replace(" LETTER ", " ")
        try:
            return unicodedata.lookup(f"{name} {kind}")
        except KeyError:
            continue
    return character
