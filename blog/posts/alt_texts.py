"""Ask for missing alternative texts before a post is published.

The page lists the images without one, each with a field. Its form is sent to the same URL as the
form before, with all its fields, so nothing is lost, and nothing is stored unless it is published.
Images that readers already see are not asked about again.
"""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from quart import render_template
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.text.code_blocks import change_outside_code
from blog.core.text.fields import Description
from blog.core.text.images import PREFIX, tint
from blog.core.text.validation import messages
from blog.core.text.visibility import TAG
from blog.core.web.app import db, read
from blog.core.web.csrf import FIELD as CSRF_FIELD
from blog.core.web.forms import Form
from blog.media.markdown import escape_markdown
from blog.media.queries import own_media
from blog.media.schemas import MediaUpdate
from blog.media.service import change_media
from blog.media.showing import image_url
from blog.media.sizes import NAME
from blog.models import Post, PostStatus
from blog.posts.schemas import PostFields

Data = TypeVar("Data", bound=BaseModel)

# Prefixes of field names, followed by the name of an image or `COVER`.
TEXT, DECORATIVE, COVER = "alt-", "decorative-", "cover"
ANYWAY = "anyway"
IS_MISSING = lazy_gettext("Please describe the image, or mark it as decorative.")

_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_SOURCE = re.compile(PREFIX + r"([a-z2-7]{32})-\d+\.webp$")
_SOURCE_NAME = rf"\s*<?{PREFIX}(?P<name>[a-z2-7]{{32}})\b"
_DEFINITION = re.compile(rf"^ {{0,3}}\[(?P<label>[^]\n]+)\]:{_SOURCE_NAME}", re.MULTILINE)
# A code span, or an image without a text, followed by its address or the label of a definition.
_WITHOUT_ALT = re.compile(
    r"(?P<ticks>`+)(?!`)(?:[^`\n]|\n(?!\s*\n))*(?P=ticks)(?!`)"
    rf"|!\[\s*\](?=\({_SOURCE_NAME}|\[(?P<label>[^]\n]+)\])"
)
_TEXT: TypeAdapter[str] = TypeAdapter(Description)


class Picture(NamedTuple):
    """An image without an alternative text.

    Attributes:
        name: the name of its file, or `COVER`.
        tint: the class with its colour.
    """

    name: str
    source: str
    width: str
    height: str
    tint: str


def images_without_alt(html: str) -> dict[str, Picture]:
    """Find the images without an alternative text in the HTML of a post, by name."""
    found = {}
    for tag in TAG.finditer(html):
        if not tag[0].startswith("<img "):
            continue
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[0])}
        match = _SOURCE.search(attributes.get("src", ""))
        if match and not attributes.get("alt", "").strip():
            shown = (attributes.get(name, "") for name in ("src", "width", "height", "class"))
            found[match[1]] = Picture(match[1], *shown)
    return found


def add_alt_texts(body: str, texts: Mapping[str, str]) -> str:
    """Add alternative texts to the images of a Markdown text that have none."""
    # The first definition of a label counts.
    defined = {label.casefold(): name for label, name in reversed(_DEFINITION.findall(body))}

    def add_alt(image: re.Match[str]) -> str:
        if image["ticks"]:
            return image[0]
        text = texts.get(image["name"] or defined.get(image["label"].casefold(), ""))
        return image[0] if text is None else f"![{escape_markdown(text)}]"

    return change_outside_code(body, lambda part: _WITHOUT_ALT.sub(add_alt, part))


def apply_answers(form: Form[Data], data: Data) -> Data:
    """Add the alternative texts in the form, if it comes from the page that asks, to the text.

    Raises:
        InvalidFieldsError: with them the text is too long.
    """
    given = {
        name.removeprefix(TEXT): text for name, text in form.values.items() if name.startswith(TEXT)
    }
    texts = {
        name: valid
        for name, text in given.items()
        if NAME.fullmatch(name) and (valid := _validate_alt(text)[0])
    }
    body = add_alt_texts(form.values["body"], texts)
    if body == form.values["body"]:
        return data
    form.values = {**form.values, "body": body}
    try:
        return form.schema.model_validate(form.values)
    except ValidationError as error:
        raise InvalidFieldsError(messages(error)) from None


async def ask_for_alt_texts(
    form: Form[Any], data: PostFields, body_html: str, *, address: str, post: Post | None = None
) -> ResponseReturnValue | None:
    """The page that asks for alternative texts; `None` if none are missing.

    An alternative text for the cover is stored with its image.

    Args:
        form: the form to publish, after `apply_answers`.
        data: its validated fields.
        body_html: its text, rendered.
        address: the URL that the form is sent to.
        post: the existing post, if there is one.
    """
    if ANYWAY in form.values:
        return None
    # A scheduled post was asked about when it was scheduled.
    is_new = post is None or post.status == PostStatus.DRAFT
    known = {} if is_new or post is None else images_without_alt(post.body_html)
    pictures = [each for name, each in images_without_alt(body_html).items() if name not in known]
    if data.cover and (is_new or post is None or post.cover_id != data.cover):
        pictures = [*await _find_cover(form, data.cover), *pictures]
    problems = {
        each.name: problem for each in pictures if (problem := _find_problem(form, each.name))
    }
    if not problems:
        return None
    return await _render_page(form, pictures, problems, address)


def _validate_alt(text: str) -> tuple[str, str]:
    """Validate an alternative text; return it as stored, and an error message."""
    try:
        return _TEXT.validate_python(text).strip(), ""
    except ValidationError as error:
        return "", next(iter(messages(error).values()))


def _find_problem(form: Form[Any], name: str) -> str:
    """The reason to ask about an image; empty if there is none."""
    if DECORATIVE + name in form.values:
        return ""
    text, wrong = _validate_alt(form.values.get(TEXT + name, ""))
    return wrong or ("" if text else str(IS_MISSING))


async def _find_cover(form: Form[Any], cover_id: int) -> Sequence[Picture]:
    """The cover, if it is the viewer's own image and has no alternative text."""
    owner_id = required_viewer().id
    media = await read(own_media, owner_id, cover_id)
    if media is None or media.alt:
        return ()
    if text := _validate_alt(form.values.get(TEXT + COVER, ""))[0]:
        await change_media(db(), owner_id, cover_id, MediaUpdate(alt=text))
        return ()
    width, height = media.file.variants[0]
    source, colour = image_url(media.name, width), tint(media.file.colour)
    return (Picture(COVER, source, str(width), str(height), colour),)


async def _render_page(
    form: Form[Any], pictures: Sequence[Picture], problems: Mapping[str, str], address: str
) -> ResponseReturnValue:
    question_fields = {prefix + each.name for each in pictures for prefix in (TEXT, DECORATIVE)}
    was_asked = not question_fields.isdisjoint(form.values)
    form.errors = {TEXT + name: text for name, text in problems.items() if was_asked}
    hidden = {
        name: text
        for name, text in form.values.items()
        if name not in question_fields | {CSRF_FIELD}
    }
    html = await render_template(
        "posts/alt_texts.html", form=form, pictures=pictures, hidden=hidden, address=address
    )
    return html, form.status
