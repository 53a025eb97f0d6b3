"""What a post of a source becomes here: its fields, validated.

What cannot be taken of a field is left out with a remark; the post is imported without it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from blog.core.i18n import LazyText, format_number, lazy_gettext, ngettext
from blog.core.i18n import gettext as _
from blog.core.text.addresses import LONGEST_ADDRESS, WebAddress
from blog.core.text.languages import standard_language
from blog.core.text.slugs import slug_of
from blog.core.text.tags import MOST_TAGS, clean_tags
from blog.core.text.validation import without_forbidden
from blog.core.text.wall_times import TimeZone
from blog.models import PostStatus
from blog.posts.publication import LONGEST_AHEAD
from blog.posts.schemas import LONGEST_EXCERPT, LONGEST_TITLE, Excerpt, Title
from blog.transfer.importing.post import ImportedPost, ImportedText

# Other programs note a change when they publish.
SHORTEST_EDIT = timedelta(minutes=1)
# Of what is repeated from the source in a remark.
LONGEST_QUOTED = 60

NO_DATE = lazy_gettext("It has no date, so it becomes a draft.")
FAR_AWAY = lazy_gettext("Its date is more than ten years in the future, so it becomes a draft.")
NO_ZONE = lazy_gettext("Its time zone is skipped: “%(zone)s” isn't one. It's scheduled in UTC.")
NO_LANGUAGE = lazy_gettext("Its language is skipped: “%(language)s” isn't a code such as pt-BR.")
TOO_MANY_TAGS = lazy_gettext("Only the first %(most)s of its %(number)s tags are kept.")

_TITLE, _EXCERPT = TypeAdapter[str | None](Title), TypeAdapter[str | None](Excerpt)
_ADDRESS, _ZONE = TypeAdapter[str | None](WebAddress), TypeAdapter[str | None](TimeZone)

Remark = Callable[[str | LazyText], None]


@dataclass
class CheckedText:
    """A text that can be stored.

    Attributes:
        body: Markdown, as the source has it.
        tags: in their order.
        columns: all other columns, except for those that are made of the body.
    """

    body: str
    tags: list[str]
    columns: dict[str, Any]


@dataclass
class CheckedPost(CheckedText):
    """A post that can be stored.

    Attributes:
        key: what identifies it among the posts that its author has imported.
        digest: of its title and text in the source.
        wanted_slug: its slug, unless another post has it.
    """

    source: ImportedPost
    key: UUID
    digest: UUID
    wanted_slug: str | None


def key_of(post: ImportedPost) -> UUID:
    """A digest of what identifies a post in its source."""
    return _digest(post.key)


def digest_of(post: ImportedPost) -> UUID:
    """A digest of what a post says."""
    return _digest(post.title or "", post.body)


def checked(post: ImportedPost, moment: datetime, remark: Remark) -> CheckedPost:
    """Validate the fields of a post.

    Args:
        moment: the current time.
        remark: called with what is left out of it.
    """
    text = checked_text(post, remark)
    columns = {
        "canonical_url": _canonical_url(post, remark),
        "comments_open": post.comments_open,
        "comments_limited": post.comments_limited,
        **_times(post, moment, remark),
    }
    return CheckedPost(
        source=post,
        key=key_of(post),
        digest=digest_of(post),
        body=text.body,
        wanted_slug=_slug(post, text.columns["title"], remark),
        tags=text.tags,
        columns=text.columns | columns,
    )


def checked_text(text: ImportedText, remark: Remark) -> CheckedText:
    """Validate a text, and what each revision has of its own."""
    return CheckedText(
        body=without_forbidden(text.body).replace("\r\n", "\n").rstrip(),
        tags=_tags(text, remark),
        columns={
            "title": _short_line(
                text.title, _TITLE, LONGEST_TITLE, lambda: remark(_title_is_cut())
            ),
            "language": _language(text, remark),
            "summary": _short_line(
                text.excerpt, _EXCERPT, LONGEST_EXCERPT, lambda: remark(_excerpt_is_cut())
            ),
        },
    )


def too_long(longest: int) -> str:
    """The remark on a text that is too long."""
    return ngettext(
        "It has more than %(num)s character.", "It has more than %(num)s characters.", longest
    )


def _title_is_cut() -> str:
    return ngettext(
        "Its title is shortened to %(num)s character.",
        "Its title is shortened to %(num)s characters.",
        LONGEST_TITLE,
    )


def _excerpt_is_cut() -> str:
    return ngettext(
        "Its excerpt is shortened to %(num)s character.",
        "Its excerpt is shortened to %(num)s characters.",
        LONGEST_EXCERPT,
    )


def _digest(*content: str) -> UUID:
    text = json.dumps(content).encode()
    return UUID(bytes=hashlib.sha256(text).digest()[:16])


def _short_line(
    text: str | None, field: TypeAdapter[str | None], longest: int, is_cut: Callable[[], None]
) -> str | None:
    # As a whole it is normalised in quadratic time.
    line = " ".join(without_forbidden((text or "")[: 4 * longest]).split())
    if len(line) > longest:
        is_cut()
        line = f"{line[: longest - 1]}…"
    return field.validate_python(line)


def _slug(post: ImportedPost, title: str | None, remark: Remark) -> str | None:
    wanted = unquote(post.slug or "")[:300].strip()
    if not wanted:
        return None if title is None else slug_of(title)
    slug = slug_of(wanted)
    if slug != wanted:
        remark(
            _(
                "Its slug is changed to “%(slug)s” from “%(former)s”.",
                slug=slug,
                former=_quoted(wanted),
            )
        )
    return slug


def _tags(post: ImportedText, remark: Remark) -> list[str]:
    tags: dict[str, None] = {}
    for name in post.tags[: 2 * MOST_TAGS]:
        try:
            tags |= dict.fromkeys(clean_tags([without_forbidden(name)]))
        except ValueError as error:
            remark(_("The tag “%(name)s” is skipped: %(reason)s", name=_quoted(name), reason=error))
    taken = clean_tags_of(tags)
    if len(tags) > MOST_TAGS or len(post.tags) > 2 * MOST_TAGS:
        remark(TOO_MANY_TAGS.with_values(most=len(taken), number=format_number(len(post.tags))))
    return taken


def clean_tags_of(tags: dict[str, None]) -> list[str]:
    """The first tags, each spelling once."""
    taken: list[str] = []
    for tag in tags:
        if len(taken) < MOST_TAGS:
            taken = clean_tags([*taken, tag])
    return taken


def _language(post: ImportedText, remark: Remark) -> str | None:
    if post.language is None:
        return None
    try:
        return standard_language(post.language.strip().replace("_", "-"))
    except ValueError:
        remark(NO_LANGUAGE.with_values(language=_quoted(post.language)))
        return None


def _canonical_url(post: ImportedPost, remark: Remark) -> str | None:
    if post.canonical_url is None:
        return None
    try:
        if len(post.canonical_url) <= LONGEST_ADDRESS:
            address = _ADDRESS.validate_python(without_forbidden(post.canonical_url))
            if address is None or len(address) <= LONGEST_ADDRESS:
                return address
    except ValidationError:
        pass
    remark(_("Its canonical URL is skipped: “%(url)s”.", url=_quoted(post.canonical_url)))
    return None


def _times(post: ImportedPost, moment: datetime, remark: Remark) -> dict[str, Any]:
    """The status and all times."""
    status, published_at = PostStatus(post.status), post.published_at
    if status != PostStatus.DRAFT and published_at is None:
        remark(NO_DATE)
        status = PostStatus.DRAFT
    if published_at is not None and published_at > moment:
        if status == PostStatus.DRAFT:
            published_at = None
        elif published_at > moment + LONGEST_AHEAD:
            remark(FAR_AWAY)
            status, published_at = PostStatus.DRAFT, None
        else:
            status = PostStatus.SCHEDULED
    elif status == PostStatus.SCHEDULED:
        # It was due meanwhile.
        status = PostStatus.PUBLISHED
    began = [time for time in (post.created_at, published_at, post.edited_at) if time]
    created_at = min(began[0], moment) if began else moment
    return {
        "status": status,
        "published_at": published_at,
        "created_at": created_at,
        "edited_at": _edited_at(post, published_at or created_at, moment),
        **_schedule(post, status, published_at, remark),
    }


def _edited_at(post: ImportedPost, begin: datetime, moment: datetime) -> datetime | None:
    if post.edited_at is None or post.edited_at > moment:
        return None
    is_change = post.exported_from or post.edited_at - begin > SHORTEST_EDIT
    return post.edited_at if is_change else None


def _schedule(
    post: ImportedPost, status: PostStatus, published_at: datetime | None, remark: Remark
) -> dict[str, Any]:
    if status != PostStatus.SCHEDULED or published_at is None:
        return {"scheduled_wall": None, "time_zone": None}
    try:
        zone = _ZONE.validate_python(post.time_zone) or "UTC"
    except ValidationError:
        remark(NO_ZONE.with_values(zone=_quoted(post.time_zone or "")))
        zone = "UTC"
    wall = published_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return {"scheduled_wall": wall, "time_zone": zone}


def _quoted(text: str) -> str:
    line = " ".join(without_forbidden(text[:1000]).split())
    return line if len(line) <= LONGEST_QUOTED else f"{line[: LONGEST_QUOTED - 1]}…"
