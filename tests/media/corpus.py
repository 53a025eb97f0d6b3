"""Images of each kind, made here."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from PIL import Image, ImageCms, TiffImagePlugin

GPS = {1: "N", 2: (38.0, 42.0, 49.0), 3: "W", 4: (9.0, 8.0, 21.0)}
ORIENTATION, MAKE, MODEL, GPS_IFD = 0x0112, 0x010F, 0x0110, 0x8825
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><author>Susan Meyer</author></x:xmpmeta>'
RED, BLUE, GREEN, WHITE = (200, 30, 30), (30, 30, 200), (30, 160, 30), (250, 250, 250)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def picture(width: int = 40, height: int = 20) -> Image.Image:
    """Quarters in four colours: red and blue above, green and white below."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height // 2))
    image.paste(GREEN, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image as a file of this kind."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: int = 1) -> bytes:
    """What a telephone writes into a photo: how it was held, what it is, and where it was."""
    data = Image.Exif()
    data[ORIENTATION], data[MAKE], data[MODEL] = orientation, "Pinhole", "Shoebox 3"
    data.get_ifd(GPS_IFD).update(
        {key: _rationals(value) if key in {2, 4} else value for key, value in GPS.items()}
    )
    return data.tobytes()


def _rationals(values: Any) -> tuple[TiffImagePlugin.IFDRational, ...]:
    return tuple(TiffImagePlugin.IFDRational(value) for value in values)


def png_of(width: int, height: int, data: bytes = b"", depth: int = 8, colour: int = 0) -> bytes:
    """A PNG that claims to have this size, whatever its data is."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@cache
def bomb() -> bytes:
    """A PNG of some kilobytes with 30,000 by 30,000 pixels."""
    packer, row = zlib.compressobj(9), bytes(30_000 // 8 + 1)
    data = b"".join(packer.compress(row) for _ in range(30_000)) + packer.flush()
    return png_of(30_000, 30_000, data, depth=1)


@cache
def animation(frames: int = 3, width: int = 40, height: int = 20, kind: str = "GIF") -> bytes:
    """Frames of different colours, of a tenth of a second each, again and again."""
    images = []
    for number in range(frames):
        # With a palette, because choosing one for a photo takes seconds.
        image = Image.new("P", (width, height), number % 256)
        image.putpalette([value for each in range(256) for value in (40 * each % 256, 80, each)])
        images.append(image)
    return encoded(images[0], kind, save_all=True, append_images=images[1:], duration=100, loop=0)


def wide_gamut() -> bytes:
    """A JPEG whose colours are not those of sRGB: its red channel means blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    swapped = bytearray(profile)
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return encoded(Image.new("RGB", (40, 20), (255, 0, 0)), "JPEG", icc_profile=bytes(swapped))


def grey_16_bit() -> bytes:
    """A grey of 50 % in 16 bit, which would be white if only its low byte or its size counted."""
    return encoded(Image.new("I;16", (40, 20), 0x8000), "PNG")


def good_files() -> Iterator[tuple[str, bytes]]:
    """One file of each kind, by its name."""
    image = picture()
    yield "jpeg", encoded(image, "JPEG", quality=95)
    yield "progressive jpeg", encoded(image, "JPEG", progressive=True)
    yield "grey jpeg", encoded(image.convert("L"), "JPEG")
    yield "cmyk jpeg", encoded(image.convert("CMYK"), "JPEG")
    yield "png", encoded(image, "PNG")
    yield "transparent png", encoded(image.convert("RGBA"), "PNG")
    yield "palette png", encoded(image.quantize(8), "PNG")
    yield "16 bit png", grey_16_bit()
    yield "one bit png", encoded(image.convert("1"), "PNG")
    yield "gif", encoded(image, "GIF")
    yield "animated gif", animation()
    yield "webp", encoded(image, "WEBP")
    yield "animated webp", animation(kind="WEBP")
    yield "avif", encoded(image, "AVIF")
    yield "one pixel", encoded(Image.new("RGB", (1, 1)), "PNG")


def bad_files() -> Iterator[tuple[str, bytes | Callable[[], bytes], str]]:
    """Files that are refused, by their names, with a part of what is said.

    Large ones are functions, so that they are made only where they are needed.
    """
    jpeg, gif = encoded(picture(400, 300), "JPEG"), encoded(picture(), "GIF")
    png, webp = encoded(picture(400, 300), "PNG"), encoded(picture(), "WEBP")
    head = b"<html><script>alert(1)</script></html>"
    yield "empty", b"", "is empty"
    yield "text", b"Dear Susan,\n", "supported image"
    yield "html", head, "supported image"
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG files"
    yield "xml svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"
    yield "heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "export it as JPEG"
    yield "tiff", encoded(picture(), "TIFF"), "supported image"
    yield "bmp", encoded(picture(), "BMP"), "supported image"
    yield "pdf", b"%PDF-1.7\n", "supported image"
    yield "signature only", SIGNATURE, "damaged"
    yield "half a jpeg", jpeg[: len(jpeg) // 2], "damaged"
    yield "half a png", png[: len(png) // 2], "damaged"
    yield "half a webp", webp[: len(webp) // 2], "damaged"
    yield "half an animation", animation(20)[:-200], "damaged"
    yield "html in a jpeg", encoded(picture(), "JPEG", comment=head), "something else"
    yield "html after a png", png + head, "something else"
    yield "html after a gif", gif + b"<!DOCTYPE html>", "something else"
    yield "zip after a jpeg", jpeg + b"PK\x05\x06" + bytes(18), "something else"
    yield "pdf in a png", encoded(picture(), "PNG", pnginfo=_text("%PDF-1.4")), "something else"
    yield "bomb", bomb, "900 megapixels"
    yield "claims to be large", png_of(60_000, 60_000), "3,600 megapixels"
    yield "too many frames", partial(animation, 1_001, 1, 1), "1,001 frames"
    yield "animated bomb", partial(animation, 51, 2_000, 1_000), "102 megapixels"


def _text(value: str) -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", value)
    return info
