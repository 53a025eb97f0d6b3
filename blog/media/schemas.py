"""What is sent about images, and what is known of them."""

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
    """An image of another site."""

    url: Annotated[str, Field(max_length=LONGEST_ADDRESS), BeforeValidator(required_address)]


class Inspected(NamedTuple):
    """What a file turned out to be.

    Attributes:
        kind: jpeg, png, gif, webp or avif.
        width, height: in pixels, as it is turned.
        frames: how many; 1 if it does not move.
        colour: the dominant one, as six hexadecimal digits.
    """

    kind: str
    width: int
    height: int
    frames: int
    colour: str


class Variant(NamedTuple):
    """A file that was made of an upload."""

    width: int
    height: int
    bytes: int
