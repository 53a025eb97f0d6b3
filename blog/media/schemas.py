"""Schemas of the forms for images, and the properties of images."""

from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

from blog.core.text.addresses import LONGEST_ADDRESS, required_address
from blog.core.text.fields import Description
from blog.core.text.validation import Schema, with_example

EXAMPLE_OF_TEXTS = {"alt": "A tram in the rain", "caption": "Line 28, in November"}


class MediaForm(Schema):
    """The texts of an image."""

    alt: Annotated[
        Description, Field(description="What it shows, for people who can't see it.")
    ] = ""
    caption: Annotated[Description, Field(description="The caption below it.")] = ""


class MediaUpdate(MediaForm):
    "The fields of an image to change."

    model_config = with_example(EXAMPLE_OF_TEXTS)


class ImportForm(MediaForm):
    """An image to copy from another site."""

    url: Annotated[str, Field(max_length=LONGEST_ADDRESS), BeforeValidator(required_address)]


class ImageProperties(NamedTuple):
    """The properties of an image.

    Attributes:
        kind: jpeg, png, gif, webp or avif.
        width, height: its size in pixels, when it is upright.
        frames: the number of frames; 1 if it is not animated.
        colour: the dominant colour, as six hexadecimal digits.
    """

    kind: str
    width: int
    height: int
    frames: int
    colour: str


class Variant(NamedTuple):
    """A variant that was made of an upload."""

    width: int
    height: int
    bytes: int
