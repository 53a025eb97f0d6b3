"""Build hook of hatchling: the fonts of the pages, as subsets in `static/fonts`.

The fonts come from packages of the index, so neither they nor a copy of them is in the repository.
`fonts.css` begins the style sheet of the screen (`blog/core/web/assets.py`). Where the folder is
missing, pages use fonts of the system.
"""

import fcntl
import hashlib
import shutil
from importlib.metadata import files
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What most European pages need is one file, which pages preload: the letters of Western Europe, and
# the commonest ones of Central Europe and Turkey, because most lists of people have some.
# The browser fetches the rest of Latin for pages that have such letters.
LATIN = (
    "U+20-7E, U+A0-FF, U+105, U+107, U+10C-10D, U+111, U+119, U+11B, U+11F, U+130-131, U+141-142, "
    "U+144, U+148, U+151-153, U+159, U+15B, U+15E-161, U+16F, U+171, U+178, U+17A, U+17C-17E, "
    "U+2C6, U+2DA, U+2DC, U+2010-2027, U+2030, U+2032-2033, U+2039-203A, U+2044, U+20AC, U+2122, "
    "U+2190-2193, U+2212, U+2248, U+2260, U+2264-2265"
)
MORE_LATIN = (
    "U+100-104, U+106, U+108-10B, U+10E-110, U+112-118, U+11A, U+11C-11E, U+120-12F, U+132-140, "
    "U+143, U+145-147, U+149-150, U+154-158, U+15A, U+15C-15D, U+162-16E, U+170, U+172-177, U+179, "
    "U+17B, U+17F, U+192, U+1A0-1A1, U+1AF-1B0, U+218-21B, U+237, U+259, U+1E02-1E03, U+1E0A-1E0B, "
    "U+1E80-1E85, U+1E9E, U+1EA0-1EF9, U+20A6, U+20BA"
)
FEATURES = ["calt", "ccmp", "kern", "liga", "lnum", "locl", "mark", "mkmk", "tnum"]


class Face(NamedTuple):
    """A font to make.

    Attributes:
        name: of its files.
        family: its name in style sheets.
        distribution: the package that has it.
        file: the beginning of the name of its file there.
        style: normal or italic.
        axes: the value, or the range of values, of each variable axis.
        width: the average width of a letter, in em, by the frequency of letters in English.
        fallbacks: similar fonts of systems, with that width of theirs (after `@capsizecss/metrics`
            4.3, for DejaVu in relation to it). Until the font is there, they take as much room.
    """

    name: str
    family: str
    distribution: str
    file: str
    style: str
    axes: dict[str, Any]
    width: float
    fallbacks: dict[str, float]


SERIF = {"Georgia": 0.4458, "Noto Serif": 0.481, "DejaVu Serif": 0.518}
SANS = {"Arial": 0.4458, "Roboto": 0.4448, "DejaVu Sans": 0.51}
FACES = [
    Face("serif", "Literata", "fontpkg-literata", "Literata[", "normal",
         {"opsz": 18, "wght": (400, 800)}, 0.479, SERIF),
    Face("serif-italic", "Literata", "fontpkg-literata", "Literata-Italic[", "italic",
         {"opsz": 18, "wght": (400, 700)}, 0.479, {}),
    Face("sans", "Public Sans", "fontpkg-public-sans", "PublicSans[", "normal",
         {"wght": (400, 700)}, 0.4675, SANS),
]  # fmt: skip


def code_points(ranges: str) -> list[int]:
    """The code points of a `unicode-range`."""
    points: list[int] = []
    for part in ranges.split(", "):
        first, _, last = part.removeprefix("U+").partition("-")
        points += range(int(first, 16), int(last or first, 16) + 1)
    return points


def source(face: Face, name: str) -> Path:
    """The file of the package of `face` whose name begins with `name`."""
    found = (file for file in files(face.distribution) or () if file.name.startswith(name))
    return Path(str(next(found).locate()))


def subset(font: TTFont, ranges: str) -> bytes:
    """The part of a font that has only some characters, as WOFF2."""
    copy = BytesIO()
    font.save(copy)
    part = TTFont(copy)
    options = Options()
    options.layout_features, options.hinting = FEATURES, False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=code_points(ranges))
    subsetter.subset(part)
    part.flavor = "woff2"
    content = BytesIO()
    part.save(content)
    return content.getvalue()


def rule(face: Face, file: str, ranges: str) -> str:
    """The rule for one file of a font."""
    light, bold = face.axes["wght"]
    return (
        f'@font-face {{ font-family: "{face.family}"; src: url("../fonts/{file}") format("woff2"); '
        f"font-weight: {light} {bold}; font-style: {face.style}; font-display: swap; "
        f"unicode-range: {ranges}; }}\n"
    )


def fallback_rules(face: Face, font: TTFont) -> str:
    """The rules that give fonts of systems the measures of a font: `"Literata on Georgia"`."""
    rules = ""
    metrics, em = font["hhea"], font["head"].unitsPerEm
    for local, width in face.fallbacks.items():
        scale = face.width / width
        rules += (
            f'@font-face {{ font-family: "{face.family} on {local}"; src: local("{local}"); '
            f"size-adjust: {scale:.1%}; ascent-override: {metrics.ascent / em / scale:.1%}; "
            f"descent-override: {-metrics.descent / em / scale:.1%}; line-gap-override: 0%; }}\n"
        )
    return rules


def make_fonts(folder: Path) -> None:
    """Write the fonts, their style sheet and their licences into a folder."""
    folder.mkdir(parents=True)
    sheet = ""
    for face in FACES:
        font = TTFont(source(face, face.file))
        font = instantiateVariableFont(font, face.axes)
        for name, ranges in ((face.name, LATIN), (f"{face.name}-more", MORE_LATIN)):
            content = subset(font, ranges)
            (folder / f"{name}.woff2").write_bytes(content)
            # The name under which the application serves it for ever.
            digest = hashlib.sha256(content).hexdigest()[:12]
            sheet += rule(face, f"{name}.{digest}.woff2", ranges)
        sheet += fallback_rules(face, font)
        licence = source(face, "LICENSE").read_bytes()
        (folder / f"{face.family.replace(' ', '-')}-LICENSE.txt").write_bytes(licence)
    (folder / "fonts.css").write_text(sheet)


def ensure_fonts(folder: Path) -> None:
    """Make the fonts, unless they are there and newer than this file.

    Of two builds at once the second one waits for the first, and finds them.
    """
    with Path(__file__).open("rb") as own_file:
        fcntl.flock(own_file, fcntl.LOCK_EX)
        sheet = folder / "fonts.css"
        if sheet.exists() and sheet.stat().st_mtime >= Path(__file__).stat().st_mtime:
            return
        draft = folder.with_name("fonts.draft")
        shutil.rmtree(draft, ignore_errors=True)
        make_fonts(draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)


class FontsHook(BuildHookInterface):
    """Makes the fonts."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build, also that of an editable installation."""
        ensure_fonts(Path(self.root) / "static" / "fonts")
        build_data["artifacts"].append("/static/fonts/*")
