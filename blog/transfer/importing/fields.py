"""Validate the fields of an imported post.

Whatever isn't valid is left out with a remark, and the post is imported without it.
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
from blog.core.text.cleaning import clean_line
from blog.core.text.languages import standard_language
from blog.core.text.slugs import slug_of
from blog.core.text.tags import MOST_TAGS, clean_tags
from blog.core.text.validation import remove_forbidden
from blog.core.text.wall_times import TimeZone
from blog.models import PostStatus
from blog.posts.publication import LONGEST_AHEAD
from blog.posts.schemas import LONGEST_EXCERPT, LONGEST_TITLE, Excerpt, Title
from blog.transfer.importing.post import LONGEST_IMAGE_TEXT, ImportedPost, ImportedText

# Other programs record publishing as a change.
MIN_EDIT_DELAY = timedelta(minutes=1)
# In characters, of what a remark quotes from the source.
LONGEST_QUOTED = 60

NO_DATE = lazy_gettext("It has no date, so it becomes a draft.")
FAR_AWAY = lazy_gettext("Its date is more than ten years in the future, so it becomes a draft.")
NO_ZONE = lazy_gettext("Its time zone is skipped: “%(zone)s” isn't one. It's scheduled in UTC.")
NO_LANGUAGE = lazy_gettext("Its language is skipped: “%(language)s” isn't a code such as pt-BR.")
TOO_MANY_TAGS = lazy_gettext("Only the first %(most)s of its %(number)s tags are kept.")

_TITLE, _EXCERPT = TypeAdapter[str | None](Title), TypeAdapter[str | None](Excerpt)
_URL, _ZONE = TypeAdapter[str | None](WebAddress), TypeAdapter[str | None](TimeZone)

Remark = Callable[[str | LazyText], None]


@dataclass
class CheckedText:
    """A text that can be stored.

    Attributes:
        body: the Markdown of the source.
        tags: the tags, in order.
        columns: all other columns, except those derived from the body.
    """

    body: str
    tags: list[str]
    columns: dict[str, Any]


@dataclass
class CheckedPost(CheckedText):
    """A post that can be stored.

    Attributes:
        key: identifies it among all posts its author has imported.
        digest: a digest of its title and text in the source.
        wanted_slug: its slug, unless it's taken.
    """

    source: ImportedPost
    key: UUID
    digest: UUID
    wanted_slug: str | None


def key_of(post: ImportedPost) -> UUID:
    """A digest of a post's identity in its source."""
    return _digest(post.key)


def digest_of(post: ImportedPost) -> UUID:
    """A digest of a post's title and text."""
    return _digest(post.title or "", post.body)


def validate_post(post: ImportedPost, current_time: datetime, remark: Remark) -> CheckedPost:
    """Validate the fields of a post.

    Args:
        current_time: the current time.
        remark: called with a remark about each part that is left out.
    """
    text = validate_text(post, remark)
    columns = {
        "canonical_url": _canonical_url(post, remark),
        "cover_alt": None
        if post.cover_alt is None
        else clean_line(post.cover_alt)[:LONGEST_IMAGE_TEXT],
        "comments_open": post.comments_open,
        "comments_limited": post.comments_limited,
        **_time_columns(post, current_time, remark),
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


def validate_text(text: ImportedText, remark: Remark) -> CheckedText:
    """Validate a text, and the fields that each revision has."""
    return CheckedText(
        body=remove_forbidden(text.body).replace("\r\n", "\n").rstrip(),
        tags=_tags(text, remark),
        columns={
            "title": _fit_line(
                text.title, _TITLE, LONGEST_TITLE, lambda: remark(_title_cut_remark())
            ),
            "language": _language(text, remark),
            "summary": _fit_line(
                text.excerpt, _EXCERPT, LONGEST_EXCERPT, lambda: remark(_excerpt_cut_remark())
            ),
        },
    )


def too_long_remark(longest: int) -> str:
    """The remark about a text that is too long."""
    return ngettext(
        "It has more than %(num)s character.", "It has more than %(num)s characters.", longest
    )


def _title_cut_remark() -> str:
    return ngettext(
        "Its title is shortened to %(num)s character.",
        "Its title is shortened to %(num)s characters.",
        LONGEST_TITLE,
    )


def _excerpt_cut_remark() -> str:
    return ngettext(
        "Its excerpt is shortened to %(num)s character.",
        "Its excerpt is shortened to %(num)s characters.",
        LONGEST_EXCERPT,
    )


def _digest(*content: str) -> UUID:
    text = json.dumps(content).encode()
    return UUID(bytes=hashlib.sha256(text).digest()[:16])


def _fit_line(
    text: str | None, field: TypeAdapter[str | None], longest: int, on_cut: Callable[[], None]
) -> str | None:
    # Normalising takes quadratic time, so cut first.
    line = " ".join(remove_forbidden((text or "")[: 4 * longest]).split())
    if len(line) > longest:
        on_cut()
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
                former=_shorten(wanted),
            )
        )
    return slug


def _tags(post: ImportedText, remark: Remark) -> list[str]:
    tags: dict[str, None] = {}
    for name in post.tags[: 2 * MOST_TAGS]:
        try:
            tags |= dict.fromkeys(clean_tags([remove_forbidden(name)]))
        except ValueError as error:
            remark(
                _("The tag “%(name)s” is skipped: %(reason)s", name=_shorten(name), reason=error)
            )
    clean = first_clean_tags(tags)
    if len(tags) > MOST_TAGS or len(post.tags) > 2 * MOST_TAGS:
        remark(TOO_MANY_TAGS.with_values(most=len(clean), number=format_number(len(post.tags))))
    return clean


def first_clean_tags(tags: dict[str, None]) -> list[str]:
    """The first `MOST_TAGS` distinct tags, ignoring differences in spelling."""
    clean: list[str] = []
    for tag in tags:
        if len(clean) < MOST_TAGS:
            clean = clean_tags([*clean, tag])
    return clean


def _language(post: ImportedText, remark: Remark) -> str | None:
    if post.language is None:
        return None
    try:
        return standard_language(post.language.strip().replace("_", "-"))
    except ValueError:
        remark(NO_LANGUAGE.with_values(language=_shorten(post.language)))
        return None


def _canonical_url(post: ImportedPost, remark: Remark) -> str | None:
    if post.canonical_url is None:
        return None
    try:
        if len(post.canonical_url) <= LONGEST_ADDRESS:
            url = _URL.validate_python(remove_forbidden(post.canonical_url))
            if url is None or len(url) <= LONGEST_ADDRESS:
                return url
    except ValidationError:
        pass
    remark(_("Its canonical URL is skipped: “%(url)s”.", url=_shorten(post.canonical_url)))
    return None


def _time_columns(post: ImportedPost, current_time: datetime, remark: Remark) -> dict[str, Any]:
    """The columns of the status and all times."""
    status, published_at = PostStatus(post.status), post.published_at
    if status != PostStatus.DRAFT and published_at is None:
        remark(NO_DATE)
        status = PostStatus.DRAFT
    if published_at is not None and published_at > current_time:
        if status == PostStatus.DRAFT:
            published_at = None
        elif published_at > current_time + LONGEST_AHEAD:
            remark(FAR_AWAY)
            status, published_at = PostStatus.DRAFT, None
        else:
            status = PostStatus.SCHEDULED
    elif status == PostStatus.SCHEDULED:
        # It has become due since the export.
        status = PostStatus.PUBLISHED
    times = [time for time in (post.created_at, published_at, post.edited_at) if time]
    created_at = min(times[0], current_time) if times else current_time
    return {
        "status": status,
        "published_at": published_at,
        "created_at": created_at,
        "edited_at": _edited_at(post, published_at or created_at, current_time),
        **_schedule_columns(post, status, published_at, remark),
    }


def _edited_at(post: ImportedPost, begin: datetime, current_time: datetime) -> datetime | None:
    if post.edited_at is None or post.edited_at > current_time:
        return None
    is_change = post.exported_from or post.edited_at - begin > MIN_EDIT_DELAY
    return post.edited_at if is_change else None


def _schedule_columns(
    post: ImportedPost, status: PostStatus, published_at: datetime | None, remark: Remark
) -> dict[str, Any]:
    if status != PostStatus.SCHEDULED or published_at is None:
        return {"scheduled_wall": None, "time_zone": None}
    try:
        zone = _ZONE.validate_python(post.time_zone) or "UTC"
    except ValidationError:
        remark(NO_ZONE.with_values(zone=_shorten(post.time_zone or "")))
        zone = "UTC"
    wall = published_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return {"scheduled_wall": wall, "time_zone": zone}


def _shorten(text: str) -> str:
    line = " ".join(remove_forbidden(text[:1000]).split())
    return line if len(line) <= LONGEST_QUOTED else f"{line[: LONGEST_QUOTED - 1]}…"
