"""The question for alternative texts before a post is published.

The page lists the images without one, each with a field. Its form goes where the form before went,
with all that this had, so that nothing is lost and nothing is kept that was not published. The
question is not repeated for what readers see already.
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
from blog.core.text.code_blocks import outside_code
from blog.core.text.fields import Description
from blog.core.text.images import PREFIX, tint
from blog.core.text.validation import messages
from blog.core.text.visibility import TAG
from blog.core.web.app import db, read
from blog.core.web.csrf import FIELD as CSRF_FIELD
from blog.core.web.forms import Form
from blog.media.markdown import literal
from blog.media.queries import own_media
from blog.media.schemas import MediaUpdate
from blog.media.service import change_media
from blog.media.showing import image_url
from blog.media.sizes import NAME
from blog.models import Post, PostStatus
from blog.posts.schemas import PostFields

Data = TypeVar("Data", bound=BaseModel)

# The names of the fields: with the name of an image, or `COVER`.
TEXT, DECORATIVE, COVER = "alt-", "decorative-", "cover"
ANYWAY = "anyway"
IS_MISSING = lazy_gettext("Please describe the image, or mark it as decorative.")

_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_SOURCE = re.compile(PREFIX + r"([a-z2-7]{32})-\d+\.webp$")
_NAME = rf"\s*<?{PREFIX}(?P<name>[a-z2-7]{{32}})\b"
_DEFINITION = re.compile(rf"^ {{0,3}}\[(?P<label>[^]\n]+)\]:{_NAME}", re.MULTILINE)
# A span of code, or an image without a text, followed by its address or the label of a definition.
_WITHOUT_TEXT = re.compile(
    r"(?P<ticks>`+)(?!`)(?:[^`\n]|\n(?!\s*\n))*(?P=ticks)(?!`)"
    rf"|!\[\s*\](?=\({_NAME}|\[(?P<label>[^]\n]+)\])"
)
_TEXT: TypeAdapter[str] = TypeAdapter(Description)


class Picture(NamedTuple):
    """An image without an alternative text.

    Attributes:
        name: of its file, or `COVER`.
        tint: the class with its colour.
    """

    name: str
    source: str
    width: str
    height: str
    tint: str


def without_text(html: str) -> dict[str, Picture]:
    """The images without an alternative text in the HTML of a post, by their names."""
    found = {}
    for tag in TAG.finditer(html):
        if not tag[0].startswith("<img "):
            continue
        of_tag = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[0])}
        match = _SOURCE.search(of_tag.get("src", ""))
        if match and not of_tag.get("alt", "").strip():
            shown = (of_tag.get(name, "") for name in ("src", "width", "height", "class"))
            found[match[1]] = Picture(match[1], *shown)
    return found


def with_texts(body: str, texts: Mapping[str, str]) -> str:
    """A text in Markdown in which images have these alternative texts, if they had none."""
    # The first definition of a label counts.
    defined = {label.casefold(): name for label, name in reversed(_DEFINITION.findall(body))}

    def with_text(image: re.Match[str]) -> str:
        if image["ticks"]:
            return image[0]
        text = texts.get(image["name"] or defined.get(image["label"].casefold(), ""))
        return image[0] if text is None else f"![{literal(text)}]"

    return outside_code(body, lambda part: _WITHOUT_TEXT.sub(with_text, part))


def fill_in(form: Form[Data], data: Data) -> Data:
    """Put the answers of the page, if the form comes from it, into the text.

    Raises:
        InvalidFieldsError: the text is too long with them.
    """
    given = {
        name.removeprefix(TEXT): text for name, text in form.values.items() if name.startswith(TEXT)
    }
    texts = {
        name: valid
        for name, text in given.items()
        if NAME.fullmatch(name) and (valid := _valid(text)[0])
    }
    body = with_texts(form.values["body"], texts)
    if body == form.values["body"]:
        return data
    form.values = {**form.values, "body": body}
    try:
        return form.schema.model_validate(form.values)
    except ValidationError as error:
        raise InvalidFieldsError(messages(error)) from None


async def question(
    form: Form[Any], data: PostFields, body_html: str, *, address: str, post: Post | None = None
) -> ResponseReturnValue | None:
    """The page that asks for alternative texts; `None` if there is nothing to ask.

    An alternative text that was given for the cover is stored with its image.

    Args:
        form: what is to be published, after `fill_in`.
        data: the valid form.
        body_html: what the renderer has made of its text.
        address: where the form goes.
        post: the post that is there already.
    """
    if ANYWAY in form.values:
        return None
    # Scheduled posts were asked about when they were scheduled.
    is_new = post is None or post.status == PostStatus.DRAFT
    known = {} if is_new or post is None else without_text(post.body_html)
    pictures = [each for name, each in without_text(body_html).items() if name not in known]
    if data.cover and (is_new or post is None or post.cover_id != data.cover):
        pictures = [*await _cover(form, data.cover), *pictures]
    problems = {each.name: problem for each in pictures if (problem := _problem(form, each.name))}
    if not problems:
        return None
    return await _page(form, pictures, problems, address)


def _valid(text: str) -> tuple[str, str]:
    """An alternative text as it is stored, and what is wrong with it."""
    try:
        return _TEXT.validate_python(text).strip(), ""
    except ValidationError as error:
        return "", next(iter(messages(error).values()))


def _problem(form: Form[Any], name: str) -> str:
    """Why there is something to ask about an image."""
    if DECORATIVE + name in form.values:
        return ""
    text, wrong = _valid(form.values.get(TEXT + name, ""))
    return wrong or ("" if text else str(IS_MISSING))


async def _cover(form: Form[Any], cover_id: int) -> Sequence[Picture]:
    """The cover, if it is one of the viewer's images and has no alternative text."""
    owner_id = required_viewer().id
    media = await read(own_media, owner_id, cover_id)
    if media is None or media.alt:
        return ()
    if text := _valid(form.values.get(TEXT + COVER, ""))[0]:
        await change_media(db(), owner_id, cover_id, MediaUpdate(alt=text))
        return ()
    width, height = media.file.variants[0]
    source, colour = image_url(media.name, width), tint(media.file.colour)
    return (Picture(COVER, source, str(width), str(height), colour),)


async def _page(
    form: Form[Any], pictures: Sequence[Picture], problems: Mapping[str, str], address: str
) -> ResponseReturnValue:
    asked = {prefix + each.name for each in pictures for prefix in (TEXT, DECORATIVE)}
    was_asked = not asked.isdisjoint(form.values)
    form.errors = {TEXT + name: text for name, text in problems.items() if was_asked}
    hidden = {name: text for name, text in form.values.items() if name not in asked | {CSRF_FIELD}}
    html = await render_template(
        "posts/alt_texts.html", form=form, pictures=pictures, hidden=hidden, address=address
    )
    return html, form.status
