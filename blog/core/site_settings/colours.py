"""Colours of the site, and whether text in them is readable (WCAG 2.2, 1.4.3)."""

import re
from typing import NamedTuple

from blog.core.i18n import gettext as _

# The backgrounds of text in the accent colour, as in static/css/tokens.css: paper, sheet and wash.
LIGHT = ("#fcfcfa", "#ffffff", "#f0f2ee")
DARK = ("#15181a", "#1c2023", "#23282b")
ENOUGH = 4.5
# The contrast of derived colours, about that of the default ones.
PLEASANT = 7.0
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
_HEX = re.compile("#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
STEP = 0.05

Rgb = tuple[int, int, int]


class Palette(NamedTuple):
    """The accent colours of both themes, as `#rrggbb`: of text, of hovered text, and of text on a
    background in the accent colour."""

    light: str
    light_strong: str
    on_light: str
    dark: str
    dark_strong: str
    on_dark: str


# As in static/css/tokens.css.
DEFAULT = Palette("#0b6355", "#074a3f", "#ffffff", "#74cfbb", "#9be0d0", "#08221d")


def parse_colour(text: str) -> str:
    """Parse a colour, and return it as `#rrggbb`.

    Raises:
        ValueError: it is not a colour.
    """
    if not (found := _HEX.fullmatch(text)):
        raise ValueError(_("Write the colour as six hexadecimal digits, such as #0b6355."))
    digits = found[1] if len(found[1]) == 6 else "".join(2 * each for each in found[1])
    return f"#{digits.lower()}"


def require_readable(colour: str, *, is_dark: bool) -> str:
    """Return `colour` if text in it is readable on every background of the light or dark theme.

    Raises:
        ValueError: it isn't; the message has the contrast, and a similar colour that would do.
    """
    lowest = _lowest_contrast(colour, is_dark=is_dark)
    if lowest >= ENOUGH:
        return colour
    values = {
        "contrast": f"{lowest:.1f}",
        "least": ENOUGH,
        "similar": _adjust_contrast(colour, ENOUGH, is_dark=is_dark),
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
    """Derive all colours from the accent colours.

    Args:
        accent: a readable colour of the light theme; an empty one is the default.
        accent_dark: a readable colour of the dark theme; an empty one is derived.
    """
    if not accent and not accent_dark:
        return DEFAULT
    accent = accent or DEFAULT.light
    dark = accent_dark or _adjust_contrast(accent, PLEASANT, is_dark=True)
    return Palette(
        light=accent,
        light_strong=_hex(_mix(_rgb(accent), BLACK, 0.3)),
        on_light="#ffffff",
        dark=dark,
        dark_strong=_hex(_mix(_rgb(dark), WHITE, 0.35)),
        on_dark=_hex(_mix(_rgb(dark), BLACK, 0.9)),
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _lowest_contrast(colour: str, *, is_dark: bool) -> float:
    return min(contrast(colour, surface) for surface in (DARK if is_dark else LIGHT))


def _adjust_contrast(colour: str, wanted: float, *, is_dark: bool) -> str:
    """Lighten or darken a colour until it has the wanted contrast in the theme."""
    target, share, adjusted = WHITE if is_dark else BLACK, 0.0, colour
    while _lowest_contrast(adjusted, is_dark=is_dark) < wanted and share < 1:
        share = min(1.0, share + STEP)
        adjusted = _hex(_mix(_rgb(colour), target, share))
    return adjusted


def _luminance(colour: Rgb) -> float:
    """The relative luminance (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(colour: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
