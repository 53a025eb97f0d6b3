"""Reading and writing of images, by Pillow, in a process that may be killed (`processes.py`).

Nothing here is called in a process that serves requests: the decoders are fed with what strangers
send.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

from blog.core.i18n import LazyText, format_number, lazy_gettext
from blog.media.formats import HEAD, UnsuitableFileError, kind_of, refuse_polyglot
from blog.media.sizes import Size

MEGAPIXEL = 1_000_000
MOST_PIXELS = 50 * MEGAPIXEL
# Of all frames of an animation together.
MOST_PIXELS_OF_ANIMATION = 100 * MEGAPIXEL
MOST_FRAMES = 1_000

# No other decoder is ever tried.
FORMATS = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}
ORIENTATION = 0x0112
QUALITY, EFFORT = 80, 4
# The thumbnail that the colour is taken from, and how many colours it is reduced to.
THUMBNAIL = Size(64, 64)
COLOURS = 8
# Of a frame that says nothing, in milliseconds.
FRAME_MILLISECONDS = 100

DAMAGED = lazy_gettext("This image is damaged or incomplete. Please save it again and retry.")
TOO_MANY_PIXELS = lazy_gettext(
    "This image has %(number)s megapixels. The maximum is %(most)s. Please make it smaller."
)
ANIMATION_IS_TOO_LARGE = lazy_gettext(
    "The frames of this animation have %(number)s megapixels in total. The maximum is "
    "%(most)s. Please make it shorter or smaller."
)
TOO_MANY_FRAMES = lazy_gettext("This animation has %(number)s frames. The maximum is %(most)s.")


def inspect(file: str) -> dict[str, Any]:
    """Decode an image as a whole, and tell what it is.

    Returns:
        `kind`, `width` and `height` as it is turned, `frames`, and `colour`, the dominant one.

    Raises:
        UnsuitableFileError: it cannot be taken.
    """
    content = Path(file).read_bytes()
    kind = kind_of(content[:HEAD])
    refuse_polyglot(content)
    with _opened(BytesIO(content), kind) as (image, frames):
        size = _turned_size(image)
        for number in range(1, frames):
            image.seek(number)
            image.load()
        if frames > 1:
            image.seek(0)
        colour = _dominant_colour(_scaled(image, THUMBNAIL))
    return {"kind": kind, **size._asdict(), "frames": frames, "colour": colour}


def make_variants(file: str, folder: str, sizes: list[list[int]], frames: int) -> list[list[int]]:
    """Write the variants of an image as WebP, without metadata.

    Args:
        file: an image that `inspect` has accepted.
        folder: where the variants are written, as `480.webp`.
        sizes: width and height of each, the smallest first. If its shape is another one, the middle
            of the image is taken.
        frames: how many are kept.

    Returns:
        Width, height and bytes of each, the smallest first.

    Raises:
        UnsuitableFileError: it cannot be decoded.
    """
    content = Path(file).read_bytes()
    made = []
    targets = [Size(*size) for size in sizes]
    with _opened(BytesIO(content), kind_of(content[:HEAD])) as (image, _):
        pictures = []
        loop, milliseconds = int(image.info.get("loop", 1)), []
        for number in range(frames):
            if number:
                image.seek(number)
            pictures.append(_scaled(image, targets[-1]))
            milliseconds.append(int(image.info.get("duration") or FRAME_MILLISECONDS))
        options: dict[str, Any] = {"loop": loop, "duration": milliseconds} if frames > 1 else {}
        for size in reversed(targets):
            if size != targets[-1]:
                pictures = [_resized(picture, size) for picture in pictures]
            target = Path(folder, f"{size.width}.webp")
            pictures[0].save(
                target, "WEBP", quality=QUALITY, method=EFFORT, exif=b"", icc_profile=b"", xmp=b"",
                save_all=frames > 1, append_images=pictures[1:], **options,
            )  # fmt: skip
            made.append([*size, target.stat().st_size])
    return made[::-1]


@contextmanager
def _opened(content: BytesIO, kind: str) -> Iterator[tuple[Image.Image, int]]:
    """An image with the number of its frames. Its header is read, and no pixel decoded.

    Raises:
        UnsuitableFileError: within the context too: it is damaged, or too large.
    """
    Image.MAX_IMAGE_PIXELS = None  # The limit is ours.
    try:
        with Image.open(content, formats=[FORMATS[kind]]) as image:
            # A JPEG may have further pictures for other purposes, such as a map of its depth.
            frames = 1 if kind == "jpeg" else int(getattr(image, "n_frames", 1))
            _refuse_too_large(image.width * image.height, frames)
            yield image, frames
    except (UnsuitableFileError, MemoryError):
        raise
    except Exception as error:
        # A decoder may raise anything when it is fed with nonsense.
        raise UnsuitableFileError(DAMAGED) from error


def _refuse_too_large(pixels: int, frames: int) -> None:
    if pixels > MOST_PIXELS:
        raise UnsuitableFileError(_in_megapixels(TOO_MANY_PIXELS, pixels, MOST_PIXELS))
    if frames > MOST_FRAMES:
        raise UnsuitableFileError(
            TOO_MANY_FRAMES.with_values(
                number=format_number(frames), most=format_number(MOST_FRAMES)
            )
        )
    if frames > 1 and pixels * frames > MOST_PIXELS_OF_ANIMATION:
        problem = _in_megapixels(ANIMATION_IS_TOO_LARGE, pixels * frames, MOST_PIXELS_OF_ANIMATION)
        raise UnsuitableFileError(problem)


def _in_megapixels(message: LazyText, pixels: int, most: int) -> LazyText:
    number = format_number(-(-pixels // MEGAPIXEL))
    return message.with_values(number=number, most=format_number(most // MEGAPIXEL))


def _is_on_its_side(image: Image.Image) -> bool:
    """Whether its EXIF orientation turns it by 90 degrees (EXIF 3.0, 4.6.5.1.6)."""
    return image.getexif().get(ORIENTATION) in {5, 6, 7, 8}


def _turned_size(image: Image.Image) -> Size:
    width, height = image.size
    return Size(height, width) if _is_on_its_side(image) else Size(width, height)


def _scaled(image: Image.Image, size: Size) -> Image.Image:
    """The current frame in 8-bit sRGB, upright, in this size."""
    if _is_on_its_side(image):
        size = Size(size.height, size.width)
    profile = image.info.get("icc_profile")
    # A JPEG is decoded in the least size that is enough.
    image.draft(None, size)
    exif = image.getexif()
    picture = _resized(_eight_bit(image), size, _middle(image.size, size))
    picture = _in_srgb(picture, profile)
    picture.info, picture.getexif()[ORIENTATION] = {}, exif.get(ORIENTATION, 1)
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _middle(whole: tuple[int, int], size: Size) -> tuple[float, float, float, float]:
    """The largest part in the middle of an image that has the shape of `size`.

    Sizes are rounded, so a part that lacks less than a pixel is the whole.
    """
    width, height = whole
    scale = min(width / size.width, height / size.height)
    across, down = width - size.width * scale, height - size.height * scale
    if across < scale and down < scale:
        return 0, 0, width, height
    return across / 2, down / 2, width - across / 2, height - down / 2


def _resized(
    image: Image.Image, size: Size, part: tuple[float, float, float, float] | None = None
) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, part, reducing_gap=3.0)


def _eight_bit(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled: CMYK, L, RGB or RGBA."""
    if image.mode.startswith("I"):
        # 16-bit greys; conversion alone would cut them off at 255.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"CMYK", "L", "RGB", "RGBA"} and "transparency" not in image.info:
        image.load()
        return image
    has_alpha = image.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In the colours of sRGB; a profile that is damaged is ignored."""
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, srgb, outputMode=target)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == target else image.convert(target)


def _dominant_colour(image: Image.Image) -> str:
    """The most frequent colour of a small image, on white where it is transparent."""
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    reduced = image.quantize(COLOURS)
    counts = reduced.getcolors() or []
    _, index = max(counts)
    palette = reduced.getpalette() or []
    return bytes(palette[3 * int(index) : 3 * int(index) + 3]).hex()  # type: ignore[call-overload]
