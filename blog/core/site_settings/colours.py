"""Colours of the site, and whether text in them can be read (WCAG 2.2, 1.4.3)."""

import re
from typing import NamedTuple

from blog.core.i18n import gettext as _

# What text in the accent colour stands on, as in static/css/tokens.css: paper, sheet and wash.
LIGHT = ("#fcfcfa", "#ffffff", "#f0f2ee")
DARK = ("#15181a", "#1c2023", "#23282b")
ENOUGH = 4.5
# A derived colour is made as easy to read as the default one.
PLEASANT = 7.0
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
_HEX = re.compile("#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
STEP = 0.05

Rgb = tuple[int, int, int]


class Palette(NamedTuple):
    """The accent colour of both themes, as `#rrggbb`: of text, of text under the pointer, and of
    text on a surface of that colour."""

    light: str
    light_strong: str
    on_light: str
    dark: str
    dark_strong: str
    on_dark: str


# As in static/css/tokens.css.
DEFAULT = Palette("#0b6355", "#074a3f", "#ffffff", "#74cfbb", "#9be0d0", "#08221d")


def parsed_colour(text: str) -> str:
    """A colour as `#rrggbb`.

    Raises:
        ValueError: it is none.
    """
    if not (found := _HEX.fullmatch(text)):
        raise ValueError(_("Write the colour as six hexadecimal digits, such as #0b6355."))
    digits = found[1] if len(found[1]) == 6 else "".join(2 * each for each in found[1])
    return f"#{digits.lower()}"


def readable(colour: str, *, is_dark: bool) -> str:
    """`colour`, if text in it can be read on every surface of the light or the dark theme.

    Raises:
        ValueError: it cannot; the message has the contrast, and a similar colour that would do.
    """
    least = _contrast(colour, is_dark=is_dark)
    if least >= ENOUGH:
        return colour
    values = {
        "contrast": f"{least:.1f}",
        "least": ENOUGH,
        "similar": _moved(colour, ENOUGH, is_dark=is_dark),
    }
    if is_dark:
        message = _(
            "Text in this colour is hard to read in the dark theme: its contrast is %(contrast)s "
            "to 1, and it needs %(least)s to 1. A lighter one would do, such as %(similar)s.",
            **values,
        )
    else:
        message = _(
            "Text in this colour is hard to read in the light theme: its contrast is %(contrast)s "
            "to 1, and it needs %(least)s to 1. A darker one would do, such as %(similar)s.",
            **values,
        )
    raise ValueError(message)


def palette(accent: str, accent_dark: str = "") -> Palette:
    """All colours that follow from the accent colour.

    Args:
        accent: a readable colour of the light theme; an empty one is the default.
        accent_dark: a readable one of the dark theme; an empty one is derived.
    """
    if not accent and not accent_dark:
        return DEFAULT
    accent = accent or DEFAULT.light
    dark = accent_dark or _moved(accent, PLEASANT, is_dark=True)
    return Palette(
        light=accent,
        light_strong=_hex(_mixed(_rgb(accent), BLACK, 0.3)),
        on_light="#ffffff",
        dark=dark,
        dark_strong=_hex(_mixed(_rgb(dark), WHITE, 0.35)),
        on_dark=_hex(_mixed(_rgb(dark), BLACK, 0.9)),
    )


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _contrast(colour: str, *, is_dark: bool) -> float:
    return min(contrast(colour, surface) for surface in (DARK if is_dark else LIGHT))


def _moved(colour: str, wanted: float, *, is_dark: bool) -> str:
    """The colour, made lighter or darker until it has a contrast in the theme."""
    towards, share, moved = WHITE if is_dark else BLACK, 0.0, colour
    while _contrast(moved, is_dark=is_dark) < wanted and share < 1:
        share = min(1.0, share + STEP)
        moved = _hex(_mixed(_rgb(colour), towards, share))
    return moved


def _luminance(colour: Rgb) -> float:
    """The relative luminance (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(colour: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
