"""The companions of a post from an export of this site: its revisions, a working copy, its author's
comments, like and bookmark.

They are added in the post's transaction, so an imported post always has all of them.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import LazyText, lazy_gettext
from blog.core.i18n import gettext as _
from blog.core.text.markdown import RENDERER_VERSION, render_document, render_inline
from blog.core.text.rendering import TOO_COMPLEX
from blog.core.text.validation import remove_forbidden
from blog.models import PostDraft, PostRevision, PostStatus
from blog.posts.editor.views import FIELDS
from blog.posts.revisions.history import Text
from blog.posts.schemas import LONGEST_POST
from blog.transfer.importing.comments import (
    ReadyComment,
    insert_comments,
    prepare_comments,
    validate_comments,
)
from blog.transfer.importing.fields import (
    CheckedPost,
    CheckedText,
    Remark,
    too_long_remark,
    validate_text,
)
from blog.transfer.importing.post import (
    ImportedBookmark,
    ImportedComment,
    ImportedPost,
    ImportedRevision,
)

# Fields of a working copy are stored as typed, so they need not be valid.
LONGEST_TYPED = 4000

REVISION = lazy_gettext("Its revision %(number)s is skipped: %(reason)s")
RENUMBERED = lazy_gettext("Its revisions have new numbers, because some are missing.")
COPY = lazy_gettext("Its unpublished changes are skipped: %(reason)s")
FIELD = lazy_gettext("The field %(name)s of its unpublished changes is skipped: %(reason)s")

Render = Callable[[Callable[..., str], str], Awaitable[str | None]]


@dataclass
class Companions:
    """The companions of a post, validated.

    Attributes:
        revisions: the texts before the current one.
        comments: the author's comments.
        copy: the fields of a working copy.
    """

    revisions: list[tuple[ImportedRevision, CheckedText]]
    comments: list[ImportedComment]
    copy: dict[str, str] | None

    def replace(self, old: str, new: str) -> None:
        """Replace an address in all texts."""
        for _revision_row, text in self.revisions:
            text.body = text.body.replace(old, new)
        if self.copy:
            self.copy["body"] = self.copy["body"].replace(old, new)


class ReadyCompanions(NamedTuple):
    """The companions of a post, ready to be stored under the post's new id.

    Attributes:
        revisions: the whole history, which may be empty.
        number: the revision number of the current text.
        cover: the name of the working copy's cover image.
        liked_at, bookmark: as in the `ImportedPost`.
    """

    revisions: Sequence[dict[str, Any]]
    number: int
    comments: Sequence[ReadyComment]
    copy: dict[str, Any] | None
    cover: str | None
    liked_at: datetime | None
    bookmark: ImportedBookmark | None

    def counts(self) -> Counter[str]:
        """Count the companions by kind."""
        likes = [self.liked_at, *(comment.source.liked_at for comment in self.comments)]
        return Counter(
            revisions=sum(row["body"] is not None for row in self.revisions),
            comments=len(self.comments),
            copies=int(self.copy is not None),
            likes=sum(each is not None for each in likes),
            bookmarks=int(self.bookmark is not None),
        )


def validate_companions(post: ImportedPost, remark: Remark) -> Companions:
    """Validate the companions of a post.

    Args:
        remark: called with a remark about each part that is left out.
    """
    revisions = []
    for revision in post.history.revisions:
        if len(revision.body) > LONGEST_POST:
            reason = too_long_remark(LONGEST_POST)
            remark(REVISION.with_values(number=revision.number, reason=reason))
            continue
        text = validate_text(revision, partial(_remark_on_revision, remark, revision.number))
        revisions.append((revision, text))
    return Companions(revisions, validate_comments(post, remark), _validate_copy(post, remark))


def _remark_on_revision(remark: Remark, number: int, text: str | LazyText) -> None:
    remark(_("Revision %(number)s: %(remark)s", number=number, remark=text))


def _validate_copy(post: ImportedPost, remark: Remark) -> dict[str, str] | None:
    if post.copy is None:
        return None
    # The file leaves out empty fields.
    fields = {name: "" for name in FIELDS if name != "comments_open"}
    for name, value in post.copy.fields.items():
        longest = LONGEST_POST if name == "body" else LONGEST_TYPED
        if name not in FIELDS:
            continue
        if len(value) > longest:
            reason = too_long_remark(longest)
            if name == "body":
                remark(COPY.with_values(reason=reason))
                return None
            remark(FIELD.with_values(name=name, reason=reason))
            continue
        fields[name] = remove_forbidden(value)
    return fields


async def prepare_companions(
    post: CheckedPost,
    companions: Companions,
    *,
    owner_id: int,
    current_time: datetime,
    render: Render,
    remark: Remark,
) -> ReadyCompanions:
    """Render the companions of a post, and number its revisions.

    Args:
        post: the post.
        companions: its validated companions.
        owner_id: the author.
        current_time: the current time.
        render: renders a text with a function; returns `None` if the text is too complex.
        remark: called with a remark about each part that is left out.
    """
    htmls = await asyncio.gather(
        *(render(render_document, text.body) for _, text in companions.revisions),
        *(render(render_inline, comment.body) for comment in companions.comments),
    )
    texts = list[tuple[ImportedRevision, Text]]()
    for (revision, checked), html in zip(companions.revisions, htmls, strict=False):
        if html is None:
            remark(REVISION.with_values(number=revision.number, reason=TOO_COMPLEX))
        else:
            texts.append((revision, _revision_text(checked, html)))
    # Counting the words of long texts takes a while.
    rows, number = await asyncio.to_thread(_history_rows, post, owner_id, current_time, texts)
    is_complete = [revision.number for revision, _ in texts] == [*range(1, len(texts) + 1)]
    if not is_complete or post.source.history.number > number:
        remark(RENUMBERED)
    comments = prepare_comments(
        post, companions.comments, htmls[len(companions.revisions) :], current_time, remark
    )
    copy = post.source.copy
    cover = copy.cover.name if copy and copy.cover else None
    return ReadyCompanions(
        rows, number, comments, _copy_row(post, companions, owner_id, current_time), cover,
        post.source.liked_at, post.source.bookmark,
    )  # fmt: skip


def _revision_text(checked: CheckedText, html: str) -> Text:
    return Text(
        checked.columns["title"], checked.body, html, checked.columns["summary"],
        checked.columns["language"], checked.tags, RENDERER_VERSION,
    )  # fmt: skip


def _history_rows(
    post: CheckedPost,
    owner_id: int,
    current_time: datetime,
    texts: Sequence[tuple[ImportedRevision, Text]],
) -> tuple[list[dict[str, Any]], int]:
    """Build the rows of a post's history, and find the number of its current text."""
    history, columns = post.source.history, post.columns
    is_published = columns["status"] == PostStatus.PUBLISHED
    since = first_shown = min(columns["published_at"] or columns["created_at"], current_time)
    rows, previous = list[dict[str, Any]](), None
    for revision, text in texts:
        stated = revision.created_at or since
        # Revisions are in the order of their numbers, so their times must not decrease.
        since = min(stated if previous is None else max(stated, since), current_time)
        hidden_at = revision.hidden_at and min(revision.hidden_at, current_time)
        editor_id = owner_id if revision.is_by_author else None
        rows.append(
            _revision_row(len(rows) + 1, since, text, previous, editor_id)
            | text._asdict()
            | {"hidden_at": hidden_at,
               "is_hidden_by_moderator": bool(hidden_at and revision.is_hidden_by_moderator)}
        )  # fmt: skip
        previous = text
    if not rows and history.revised_at is None:
        return rows, max(int(is_published), min(history.number, 1))
    if is_published or history.revised_at:
        stated = history.revised_at or columns["edited_at"] or first_shown
        since = min(max(stated, since) if rows else stated, current_time)
        editor_id = owner_id if history.is_revised_by_author else None
        rows.append(
            _revision_row(len(rows) + 1, since, _revision_text(post, ""), previous, editor_id)
            | dict.fromkeys(Text._fields)
            | {"hidden_at": None, "is_hidden_by_moderator": False}
        )
    return rows, len(rows)


def _revision_row(
    number: int, since: datetime, text: Text, previous: Text | None, editor_id: int | None
) -> dict[str, Any]:
    changes = {"changed": [], "words_added": 0, "words_removed": 0}
    return {
        "number": number,
        "created_at": since,
        "editor_id": editor_id,
        **(text.changes_from(previous) if previous else changes),
    }


def _copy_row(
    post: CheckedPost, companions: Companions, owner_id: int, current_time: datetime
) -> dict[str, Any] | None:
    copy = post.source.copy
    if copy is None or companions.copy is None:
        return None
    return {
        "editor_id": owner_id,
        "fields": companions.copy,
        "base_version": 1,
        "saved_at": min(copy.saved_at or current_time, current_time),
    }


async def insert_companions(
    session: AsyncSession,
    owner_id: int,
    posts: Sequence[tuple[int, ReadyCompanions]],
    covers: Mapping[str, int],
) -> None:
    """Insert the companions of posts that were just inserted; the caller commits.

    Args:
        owner_id: the author.
        posts: the ids of the posts, with the companions of each.
        covers: the ids of images, by name.
    """
    revisions = [{"post_id": post_id, **row} for post_id, ready in posts for row in ready.revisions]
    if revisions:
        # Without this option, columns that are `None` would get their defaults.
        options = {"render_nulls": True}
        await session.execute(insert(PostRevision), revisions, execution_options=options)
    await insert_comments(session, owner_id, [(id_, ready.comments) for id_, ready in posts])
    copies = list[dict[str, Any]]()
    for post_id, ready in posts:
        if ready.copy is not None:
            cover = str(covers.get(ready.cover or "", ""))
            fields = ready.copy["fields"] | {"cover": cover}
            copies.append({"post_id": post_id, **ready.copy, "fields": fields})
    if copies:
        await session.execute(insert(PostDraft), copies)
