"""Reading and writing images with Pillow, in a process that may be killed (`processes.py`).

Never call this in a process that serves requests: the decoders parse files from strangers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

from blog.core.i18n import LazyText, format_number, lazy_gettext
from blog.media.formats import HEAD, UnsuitableFileError, detect_format, refuse_polyglot
from blog.media.sizes import Size

MEGAPIXEL = 1_000_000
MOST_PIXELS = 50 * MEGAPIXEL
# The total of all frames of an animation.
MOST_PIXELS_OF_ANIMATION = 100 * MEGAPIXEL
MOST_FRAMES = 1_000

# Only these decoders are used.
FORMATS = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}
ORIENTATION = 0x0112
QUALITY, EFFORT = 80, 4
# The size of the thumbnail for the dominant colour, and the number of colours it is reduced to.
THUMBNAIL = Size(64, 64)
COLOURS = 8
# The duration of a frame that doesn't state one, in milliseconds.
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
    """Decode a whole image, and return its properties.

    Returns:
        The fields of `blog.media.schemas.ImageProperties`.

    Raises:
        UnsuitableFileError: the image can't be accepted.
    """
    content = Path(file).read_bytes()
    kind = detect_format(content[:HEAD])
    refuse_polyglot(content)
    with _open(BytesIO(content), kind) as (image, frames):
        size = _upright_size(image)
        for number in range(1, frames):
            image.seek(number)
            image.load()
        if frames > 1:
            image.seek(0)
        colour = _dominant_colour(_scale(image, THUMBNAIL))
    return {"kind": kind, **size._asdict(), "frames": frames, "colour": colour}


def make_variants(file: str, folder: str, sizes: list[list[int]], frames: int) -> list[list[int]]:
    """Write the variants of an image as WebP, without metadata.

    Args:
        file: an image that `inspect` has accepted.
        folder: the folder to write the variants to, as `480.webp`.
        sizes: the width and height of each variant, the smallest first. If the aspect ratio differs
            from that of the image, the centre of the image is used.
        frames: the number of frames to keep.

    Returns:
        The width, height and bytes of each variant, the smallest first.

    Raises:
        UnsuitableFileError: the image can't be decoded.
    """
    content = Path(file).read_bytes()
    made = []
    targets = [Size(*size) for size in sizes]
    with _open(BytesIO(content), detect_format(content[:HEAD])) as (image, _):
        pictures = []
        loop, milliseconds = int(image.info.get("loop", 1)), []
        for number in range(frames):
            if number:
                image.seek(number)
            pictures.append(_scale(image, targets[-1]))
            milliseconds.append(int(image.info.get("duration") or FRAME_MILLISECONDS))
        options: dict[str, Any] = {"loop": loop, "duration": milliseconds} if frames > 1 else {}
        for size in reversed(targets):
            if size != targets[-1]:
                pictures = [_resize(picture, size) for picture in pictures]
            target = Path(folder, f"{size.width}.webp")
            pictures[0].save(
                target, "WEBP", quality=QUALITY, method=EFFORT, exif=b"", icc_profile=b"", xmp=b"",
                save_all=frames > 1, append_images=pictures[1:], **options,
            )  # fmt: skip
            made.append([*size, target.stat().st_size])
    return made[::-1]


@contextmanager
def _open(content: BytesIO, kind: str) -> Iterator[tuple[Image.Image, int]]:
    """Open an image, by reading its header. No pixel is decoded.

    Yields:
        The image, and the number of its frames.

    Raises:
        UnsuitableFileError: it is damaged or too large, also if that turns out within the context.
    """
    Image.MAX_IMAGE_PIXELS = None  # We have our own limit.
    try:
        with Image.open(content, formats=[FORMATS[kind]]) as image:
            # A JPEG may contain more pictures for other purposes, such as a depth map.
            frames = 1 if kind == "jpeg" else int(getattr(image, "n_frames", 1))
            _refuse_too_large(image.width * image.height, frames)
            yield image, frames
    except (UnsuitableFileError, MemoryError):
        raise
    except Exception as error:
        # A decoder may raise anything for malformed data.
        raise UnsuitableFileError(DAMAGED) from error


def _refuse_too_large(pixels: int, frames: int) -> None:
    if pixels > MOST_PIXELS:
        raise UnsuitableFileError(_format_megapixels(TOO_MANY_PIXELS, pixels, MOST_PIXELS))
    if frames > MOST_FRAMES:
        raise UnsuitableFileError(
            TOO_MANY_FRAMES.with_values(
                number=format_number(frames), most=format_number(MOST_FRAMES)
            )
        )
    if frames > 1 and pixels * frames > MOST_PIXELS_OF_ANIMATION:
        problem = _format_megapixels(
            ANIMATION_IS_TOO_LARGE, pixels * frames, MOST_PIXELS_OF_ANIMATION
        )
        raise UnsuitableFileError(problem)


def _format_megapixels(message: LazyText, pixels: int, most: int) -> LazyText:
    number = format_number(-(-pixels // MEGAPIXEL))
    return message.with_values(number=number, most=format_number(most // MEGAPIXEL))


def _is_rotated(image: Image.Image) -> bool:
    """Whether its EXIF orientation turns it by 90 degrees (EXIF 3.0, 4.6.5.1.6)."""
    return image.getexif().get(ORIENTATION) in {5, 6, 7, 8}


def _upright_size(image: Image.Image) -> Size:
    width, height = image.size
    return Size(height, width) if _is_rotated(image) else Size(width, height)


def _scale(image: Image.Image, size: Size) -> Image.Image:
    """Scale the current frame to a size, in 8-bit sRGB and upright."""
    if _is_rotated(image):
        size = Size(size.height, size.width)
    profile = image.info.get("icc_profile")
    # A JPEG is decoded in the smallest size that is sufficient.
    image.draft(None, size)
    exif = image.getexif()
    picture = _resize(_convert_to_8_bit(image), size, _centre_box(image.size, size))
    picture = _convert_to_srgb(picture, profile)
    picture.info, picture.getexif()[ORIENTATION] = {}, exif.get(ORIENTATION, 1)
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _centre_box(whole: tuple[int, int], size: Size) -> tuple[float, float, float, float]:
    """The largest box in the centre of an image that has the aspect ratio of `size`.

    Sizes are rounded, so if the box lacks less than a pixel, it is the whole image.
    """
    width, height = whole
    scale = min(width / size.width, height / size.height)
    across, down = width - size.width * scale, height - size.height * scale
    if across < scale and down < scale:
        return 0, 0, width, height
    return across / 2, down / 2, width - across / 2, height - down / 2


def _resize(
    image: Image.Image, size: Size, part: tuple[float, float, float, float] | None = None
) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, part, reducing_gap=3.0)


def _convert_to_8_bit(image: Image.Image) -> Image.Image:
    """Convert an image to a mode that can be scaled: CMYK, L, RGB or RGBA."""
    if image.mode.startswith("I"):
        # 16-bit greys; plain conversion would clip them at 255.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"CMYK", "L", "RGB", "RGBA"} and "transparency" not in image.info:
        image.load()
        return image
    has_alpha = image.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _convert_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an image to sRGB; a damaged profile is ignored."""
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
