"""Draw cards: images of 1200 by 630 pixels for links to pages without an image of their own.

Pillow draws them in a process that may be killed (`cards.py`), because strangers write the texts,
which may be long and odd.
"""

import base64
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import cast

import regex
from PIL import Image, ImageDraw, ImageFont, features

from blog.core.text.visibility import is_seen

# Increase it to have all cards drawn again.
VERSION = 3
WIDTH, HEIGHT = 1200, 630
MARGIN, BAR = 88, 20
# The colours of static/css/tokens.css.
PAPER, INK, SOFT, ACCENT = "#fcfcfa", "#1a1e1f", "#575f61", "#0b6355"
TITLE_SIZES = (92, 80, 70, 60, 52, 46)
LINE_HEIGHT = 1.22
TITLE_HEIGHT = 360
SMALL = 38
# The baseline of the last line.
FOOT = HEIGHT - MARGIN + SMALL // 2
BOLD = 700

FONTS = Path(__file__).resolve().parents[2] / "static" / "fonts"
# The fonts of the pages (`hatch_build.py`), split by character set.
SERIF, SANS = ("serif.woff2", "serif-more.woff2"), ("sans.woff2", "sans-more.woff2")
# Latin only, if no other font is installed.
PILLOW_FONT = "Aileron"
# For other scripts: installed fonts, which Pillow knows where to find.
SYSTEM_FONTS = (
    "DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf", "NotoSansCJK-Bold.ttc", "NotoSansHebrew-Bold.ttf",
    "NotoSansArabic-Bold.ttf", "NotoSansDevanagari-Bold.ttf", "NotoSansThai-Bold.ttf", PILLOW_FONT,
)  # fmt: skip
# Categories of symbols, such as emoji, that are left out if no font has them.
LEFT_OUT = {"So", "Sk", "Cf", "Cn", "Co"}
# Whether Pillow can shape complex scripts, which takes Raqm and FriBiDi.
CAN_SHAPE = features.check("raqm")
ELLIPSIS = "…"
NO_CHARACTER = "\U0010ffff"
_GRAPHEME = regex.compile(r"\X")

Font = ImageFont.FreeTypeFont
# Fonts that are used together, each for characters that the previous ones lack.
Face = tuple[Font, ...]


def draw_card(title: str, byline: str, site: str) -> str:
    """Draw a card.

    A text for which there is no font is left out entirely, because boxes instead of letters would
    be worse.

    Args:
        title: the largest text; without one, the name of the site is used.
        byline: the author, or the tagline of the site.
        site: the name of the site.

    Returns:
        A PNG, in base 64.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, BAR), ACCENT)
    room = WIDTH - 2 * MARGIN
    if shown := _drawable_part(title, SERIF) or _drawable_part(site, SERIF):
        _draw_title(draw, shown, room)
    # The byline is on the side where the title begins.
    is_rtl = _is_rtl(shown)
    taken = _draw_small(draw, site, room / 2, ACCENT, is_left=is_rtl)
    _draw_small(draw, byline, room - taken - MARGIN / 2, SOFT, is_left=not is_rtl)
    line = FOOT - SMALL - 42
    draw.line((MARGIN, line, WIDTH - MARGIN, line), "#d8dcd6", 2)
    content = BytesIO()
    image.quantize(64, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        content, "PNG", optimize=True
    )
    return base64.b64encode(content.getvalue()).decode()


def _draw_title(draw: ImageDraw.ImageDraw, text: str, room: int) -> None:
    """Draw the title as large as it fits; at the smallest size it is cut off if necessary."""
    for size in TITLE_SIZES:
        face, most = _face(text, SERIF, size), int(TITLE_HEIGHT / (size * LINE_HEIGHT))
        lines = list(_wrap(text, face, room))
        if len(lines) <= most:
            break
    else:
        # Two lines are longer than one, so this ends with an ellipsis.
        lines[most - 1 :] = [_cut(" ".join(lines[most - 1 : most + 1]), face, room)]
    is_rtl = _is_rtl(text)
    for number, line in enumerate(lines):
        left = WIDTH - MARGIN - _length(line, face) if is_rtl else MARGIN
        base = MARGIN + size + number * size * LINE_HEIGHT
        _draw_line(draw, line, face, (left, base), INK, is_rtl=is_rtl)


def _draw_small(
    draw: ImageDraw.ImageDraw, text: str, room: float, colour: str, *, is_left: bool
) -> float:
    """Draw a text in the last line, on one side; returns its width."""
    if not (text := _drawable_part(text, SANS)):
        return 0
    face = _face(text, SANS, SMALL)
    text = _cut(text, face, room)
    width = _length(text, face)
    left = MARGIN if is_left else WIDTH - MARGIN - width
    _draw_line(draw, text, face, (left, FOOT), colour, is_rtl=_is_rtl(text))
    return width


def _wrap(text: str, face: Face, room: float) -> Iterator[str]:
    """Wrap a text into lines; words that are longer than a line are broken."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if _length(longer, face) <= room:
            line = longer
            continue
        # Scripts without spaces are broken anywhere between two graphemes.
        rest = longer if line and _is_unspaced(word) else word
        if line and rest == word:
            yield line
        line = ""
        for grapheme in _GRAPHEME.findall(rest):
            if line and _length(line + grapheme, face) > room:
                yield line
                line = ""
            line += grapheme
    if line:
        yield line


def _is_unspaced(word: str) -> bool:
    return len(word) > 8 and unicodedata.east_asian_width(word[0]) == "W"


def _cut(text: str, face: Face, room: float) -> str:
    """Cut a text off between graphemes, so that it fits into one line."""
    if _length(text, face) <= room:
        return text
    graphemes = _GRAPHEME.findall(text)
    while graphemes and _length("".join(graphemes) + ELLIPSIS, face) > room:
        graphemes.pop()
    return "".join(graphemes).rstrip() + ELLIPSIS


def _drawable_part(text: str, own: Sequence[str]) -> str:
    """The part of a text that can be drawn, with the first fonts that lack nothing but symbols.

    It is empty if letters are missing.
    """
    if not CAN_SHAPE and any(map(_is_shaped, text)):
        return ""
    for names in (own, *((name,) for name in SYSTEM_FONTS)):
        if face := _load_face(tuple(names), SMALL):
            kept = _drop_symbols(text, face)
            if any(map(is_seen, kept)) and _has_all(face, kept):
                return kept
    return ""


def _is_shaped(character: str) -> bool:
    """Whether a character is written from right to left, or around another letter."""
    is_rtl = unicodedata.bidirectional(character) in {"R", "AL"}
    return is_rtl or unicodedata.category(character) == "Mc"


def _drop_symbols(text: str, face: Face) -> str:
    """Remove the symbols that the fonts lack."""
    graphemes = _GRAPHEME.findall(text)
    kept = (
        each for each in graphemes
        if _has_all(face, each) or unicodedata.category(each[0]) not in LEFT_OUT
    )  # fmt: skip
    return " ".join("".join(kept).split())


def _face(text: str, own: Sequence[str], size: int) -> Face:
    """The first fonts that have all characters of a drawable text."""
    for names in (own, *((name,) for name in SYSTEM_FONTS)):
        face = _load_face(tuple(names), size)
        if face and _has_all(face, text):
            return face
    raise ValueError("no font has this text")


@lru_cache
def _load_face(names: Sequence[str], size: int) -> Face:
    """Load fonts in a size; those that are not installed are skipped."""
    return tuple(_load(name, size) for name in names if _is_installed(name))


def _load(name: str, size: int) -> Font:
    if name == PILLOW_FONT:
        return cast(Font, ImageFont.load_default(size))
    if not name.endswith(".woff2"):
        return ImageFont.truetype(name, size)
    font = ImageFont.truetype(str(FONTS / name), size)
    font.set_variation_by_axes([BOLD])
    return font


@lru_cache
def _is_installed(name: str) -> bool:
    try:
        _load(name, SMALL)
    except OSError:
        return False
    return True


def _has_all(face: Face, text: str) -> bool:
    return bool(face) and all(_has(face, each) for each in text)


def _has(face: Face, character: str) -> bool:
    return any(_font_has(font, character) for font in face)


@lru_cache(maxsize=10_000)
def _font_has(font: Font, character: str) -> bool:
    """Whether a font has a glyph; the only way to ask Pillow is to draw it."""
    if character.isspace() or unicodedata.category(character) == "Cf":
        return True
    # Marks are drawn with a letter to stand on.
    drawn, missing = (bytes(font.getmask(each)) for each in (character, NO_CHARACTER))
    return drawn != missing and bool(drawn)


def _runs(text: str, face: Face) -> Iterator[tuple[str, Font]]:
    """Split a text into runs, with the font of each."""
    run, used = "", face[0]
    for grapheme in _GRAPHEME.findall(text):
        font = next((each for each in face if all(_font_has(each, one) for one in grapheme)), used)
        if font is not used and run:
            yield run, used
            run = ""
        run, used = run + grapheme, font
    if run:
        yield run, used


def _length(text: str, face: Face) -> float:
    return sum(font.getlength(run) for run, font in _runs(text, face))


def _draw_line(
    draw: ImageDraw.ImageDraw, text: str, face: Face, place: tuple[float, float], colour: str, *,
    is_rtl: bool,
) -> None:  # fmt: skip
    """Draw one line in the direction of its paragraph; `place` is the left end of its baseline."""
    direction = ("rtl" if is_rtl else "ltr") if CAN_SHAPE else None
    left, base = place
    for run, font in _runs(text, face):
        draw.text((left, base), run, colour, font, anchor="ls", direction=direction)
        left += font.getlength(run)


def _is_rtl(text: str) -> bool:
    """Whether the first letter with a direction is written from right to left."""
    strong = (unicodedata.bidirectional(each) for each in text)
    return next((each in {"R", "AL"} for each in strong if each in {"L", "R", "AL"}), False)
