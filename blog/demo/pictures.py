"""The pictures of the demo data: landscapes that are drawn from a seed."""

import math
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageOps

from blog.core.text.images import ImageFacts
from blog.media.sizes import Size, name_from_digest, variant_sizes

SIZE = Size(1200, 800)
NUMBER = 40
QUALITY = 75
STEP = 12
LAND = ((38, 70, 83), (42, 97, 79), (88, 62, 92), (66, 78, 108), (104, 78, 62))
SKIES = {
    "at dawn": ((247, 208, 168), (121, 150, 190)),
    "in the evening": ((240, 150, 102), (88, 72, 122)),
    "at noon": ((222, 236, 244), (104, 164, 212)),
    "in the mist": ((232, 232, 228), (168, 182, 190)),
    "after the rain": ((206, 222, 206), (98, 130, 148)),
    "at night": ((72, 92, 132), (18, 24, 48)),
}
PLACES = ("Hills", "Mountains", "Ridges")


class Picture(NamedTuple):
    """A picture, with its stored files.

    Attributes:
        name, colour, variants: as in a `MediaFile`.
        alt: the alternative text.
        files: the content of each variant.
    """

    name: str
    alt: str
    colour: str
    variants: Sequence[Size]
    files: Sequence[bytes]

    @property
    def bytes(self) -> int:
        """The total size of all variants."""
        return sum(map(len, self.files))

    @property
    def generation(self) -> str:
        """As in a `MediaFile`, but always the same for this picture."""
        return sha256(self.name.encode()).hexdigest()[:16]

    @property
    def facts(self) -> ImageFacts:
        """The facts about it for the renderer."""
        return ImageFacts(base="", colour=self.colour, variants=self.variants)


def draw(seed: int, number: int) -> list[Picture]:
    """Draw the first pictures of a seed."""
    return [_draw_picture(Random(f"{seed} {each}")) for each in range(number)]  # noqa: S311


def _draw_picture(random: Random) -> Picture:
    time_of_day, (light, dark) = random.choice([*SKIES.items()])
    place, land = random.choice(PLACES), random.choice(LAND)
    image = _draw_landscape(random, light, dark, land)
    sizes = variant_sizes(*SIZE)
    files = [_encode(image.resize(size, reducing_gap=2)) for size in sizes]
    colour = bytes((2 * one + other) // 3 for one, other in zip(light, dark, strict=True)).hex()
    name = name_from_digest(sha256(files[-1]).digest())
    return Picture(name, f"{place} {time_of_day}", colour, sizes, files)


def _draw_landscape(
    random: Random, light: tuple[int, ...], dark: tuple[int, ...], land: tuple[int, ...]
) -> Image.Image:
    """Draw a sky with a sun or moon, and ridges that get darker the nearer they are."""
    width, height = SIZE
    sky = Image.linear_gradient("L").resize(SIZE)
    image = ImageOps.colorize(sky, dark, light)
    draw = ImageDraw.Draw(image)
    radius = random.randint(30, 70)
    x, y = random.randint(radius, width - radius), random.randint(radius, height // 2)
    draw.circle((x, y), radius, fill=tuple((255 + each) // 2 for each in light))
    ridges = random.randint(3, 5)
    for ridge in range(ridges):
        nearness = (ridge + 1) / ridges
        base = height * (0.45 + 0.42 * ridge / ridges)
        waves = [
            (random.uniform(0.3, 1) * height * 0.09 / (part + 1), random.uniform(0, math.tau))
            for part in range(4)
        ]
        line = [
            (
                across,
                base
                + sum(
                    tall * math.sin((part + 1) * math.tau * across / width * 1.3 + phase)
                    for part, (tall, phase) in enumerate(waves)
                ),
            )
            for across in range(0, width + STEP, STEP)
        ]
        colour = tuple(
            int(each * nearness + far * (1 - nearness))
            for each, far in zip(land, light, strict=True)
        )
        draw.polygon([(0, height), *line, (width, height)], fill=colour)
    return image


def _encode(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue()
