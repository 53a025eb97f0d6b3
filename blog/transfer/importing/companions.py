"""What comes with a post from an export of this site: its revisions, a working copy, its author's
comments, and whether they like it and have bookmarked it.

They are added in the transaction of the post, so that a post that is here has all of them.
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
from blog.core.text.validation import without_forbidden
from blog.models import PostDraft, PostRevision, PostStatus
from blog.posts.editor.views import FIELDS
from blog.posts.revisions.history import Text
from blog.posts.schemas import LONGEST_POST
from blog.transfer.importing.comments import (
    ReadyComment,
    checked_comments,
    insert_comments,
    ready_comments,
)
from blog.transfer.importing.fields import (
    CheckedPost,
    CheckedText,
    Remark,
    checked_text,
    too_long,
)
from blog.transfer.importing.post import (
    ImportedBookmark,
    ImportedComment,
    ImportedPost,
    ImportedRevision,
)

# As they were typed, fields need not be valid.
LONGEST_TYPED = 4000

REVISION = lazy_gettext("Its revision %(number)s is skipped: %(reason)s")
RENUMBERED = lazy_gettext("Its revisions have new numbers, because some are missing.")
COPY = lazy_gettext("Its unpublished changes are skipped: %(reason)s")
FIELD = lazy_gettext("The field %(name)s of its unpublished changes is skipped: %(reason)s")

Render = Callable[[Callable[..., str], str], Awaitable[str | None]]


@dataclass
class Companions:
    """What comes with a post, validated.

    Attributes:
        revisions: the texts before the present one.
        comments: those of its author.
        copy: the fields of a working copy.
    """

    revisions: list[tuple[ImportedRevision, CheckedText]]
    comments: list[ImportedComment]
    copy: dict[str, str] | None

    def replace(self, old: str, new: str) -> None:
        """Replace an address in all texts."""
        for _revision, text in self.revisions:
            text.body = text.body.replace(old, new)
        if self.copy:
            self.copy["body"] = self.copy["body"].replace(old, new)


class ReadyCompanions(NamedTuple):
    """What comes with a post, ready to be stored under the id that the post gets.

    Attributes:
        revisions: the whole history, which may be empty.
        number: of the present text.
        cover: the name of the image that is the cover of the working copy.
        liked_at, bookmark: as of the `ImportedPost`.
    """

    revisions: Sequence[dict[str, Any]]
    number: int
    comments: Sequence[ReadyComment]
    copy: dict[str, Any] | None
    cover: str | None
    liked_at: datetime | None
    bookmark: ImportedBookmark | None

    def counts(self) -> Counter[str]:
        """How many there are of each."""
        likes = [self.liked_at, *(comment.source.liked_at for comment in self.comments)]
        return Counter(
            revisions=sum(row["body"] is not None for row in self.revisions),
            comments=len(self.comments),
            copies=int(self.copy is not None),
            likes=sum(each is not None for each in likes),
            bookmarks=int(self.bookmark is not None),
        )


def checked_companions(post: ImportedPost, remark: Remark) -> Companions:
    """Validate what comes with a post.

    Args:
        remark: called with what is left out of it.
    """
    revisions = []
    for revision in post.history.revisions:
        if len(revision.body) > LONGEST_POST:
            reason = too_long(LONGEST_POST)
            remark(REVISION.with_values(number=revision.number, reason=reason))
            continue
        text = checked_text(revision, partial(_remark_on, remark, revision.number))
        revisions.append((revision, text))
    return Companions(revisions, checked_comments(post, remark), _checked_copy(post, remark))


def _remark_on(remark: Remark, number: int, text: str | LazyText) -> None:
    remark(_("Revision %(number)s: %(remark)s", number=number, remark=text))


def _checked_copy(post: ImportedPost, remark: Remark) -> dict[str, str] | None:
    if post.copy is None:
        return None
    # What was empty is not in the file.
    fields = {name: "" for name in FIELDS if name != "comments_open"}
    for name, value in post.copy.fields.items():
        longest = LONGEST_POST if name == "body" else LONGEST_TYPED
        if name not in FIELDS:
            continue
        if len(value) > longest:
            reason = too_long(longest)
            if name == "body":
                remark(COPY.with_values(reason=reason))
                return None
            remark(FIELD.with_values(name=name, reason=reason))
            continue
        fields[name] = without_forbidden(value)
    return fields


async def ready_companions(
    post: CheckedPost,
    came: Companions,
    *,
    owner_id: int,
    moment: datetime,
    render: Render,
    remark: Remark,
) -> ReadyCompanions:
    """Render what comes with a post, and number its revisions.

    Args:
        post: the post.
        came: what comes with it.
        owner_id: the author.
        moment: the current time.
        render: renders a text by a function; `None` if it is too complex.
        remark: called with what is left out.
    """
    htmls = await asyncio.gather(
        *(render(render_document, text.body) for _, text in came.revisions),
        *(render(render_inline, comment.body) for comment in came.comments),
    )
    texts = list[tuple[ImportedRevision, Text]]()
    for (revision, checked), html in zip(came.revisions, htmls, strict=False):
        if html is None:
            remark(REVISION.with_values(number=revision.number, reason=TOO_COMPLEX))
        else:
            texts.append((revision, _text(checked, html)))
    # Counting the words of long texts takes a while.
    rows, number = await asyncio.to_thread(_history, post, owner_id, moment, texts)
    is_complete = [revision.number for revision, _ in texts] == [*range(1, len(texts) + 1)]
    if not is_complete or post.source.history.number > number:
        remark(RENUMBERED)
    comments = ready_comments(post, came.comments, htmls[len(came.revisions) :], moment, remark)
    copy = post.source.copy
    cover = copy.cover.name if copy and copy.cover else None
    return ReadyCompanions(
        rows, number, comments, _copy_row(post, came, owner_id, moment), cover,
        post.source.liked_at, post.source.bookmark,
    )  # fmt: skip


def _text(checked: CheckedText, html: str) -> Text:
    return Text(
        checked.columns["title"], checked.body, html, checked.columns["summary"],
        checked.columns["language"], checked.tags, RENDERER_VERSION,
    )  # fmt: skip


def _history(
    post: CheckedPost,
    owner_id: int,
    moment: datetime,
    texts: Sequence[tuple[ImportedRevision, Text]],
) -> tuple[list[dict[str, Any]], int]:
    """The rows of the history of a post, and the number of its present text."""
    history, columns = post.source.history, post.columns
    is_published = columns["status"] == PostStatus.PUBLISHED
    since = begin = min(columns["published_at"] or columns["created_at"], moment)
    rows, before = list[dict[str, Any]](), None
    for revision, text in texts:
        given = revision.created_at or since
        # Their order is that of their numbers.
        since = min(given if before is None else max(given, since), moment)
        hidden_at = revision.hidden_at and min(revision.hidden_at, moment)
        editor_id = owner_id if revision.is_by_author else None
        rows.append(
            _revision(len(rows) + 1, since, text, before, editor_id)
            | text._asdict()
            | {"hidden_at": hidden_at,
               "is_hidden_by_moderator": bool(hidden_at and revision.is_hidden_by_moderator)}
        )  # fmt: skip
        before = text
    if not rows and history.revised_at is None:
        return rows, max(int(is_published), min(history.number, 1))
    if is_published or history.revised_at:
        given = history.revised_at or columns["edited_at"] or begin
        since = min(max(given, since) if rows else given, moment)
        editor_id = owner_id if history.is_revised_by_author else None
        rows.append(
            _revision(len(rows) + 1, since, _text(post, ""), before, editor_id)
            | dict.fromkeys(Text._fields)
            | {"hidden_at": None, "is_hidden_by_moderator": False}
        )
    return rows, len(rows)


def _revision(
    number: int, since: datetime, text: Text, before: Text | None, editor_id: int | None
) -> dict[str, Any]:
    changes = {"changed": [], "words_added": 0, "words_removed": 0}
    return {
        "number": number,
        "created_at": since,
        "editor_id": editor_id,
        **(text.changes_from(before) if before else changes),
    }


def _copy_row(
    post: CheckedPost, came: Companions, owner_id: int, moment: datetime
) -> dict[str, Any] | None:
    copy = post.source.copy
    if copy is None or came.copy is None:
        return None
    return {
        "editor_id": owner_id,
        "fields": came.copy,
        "base_version": 1,
        "saved_at": min(copy.saved_at or moment, moment),
    }


async def insert_companions(
    session: AsyncSession,
    owner_id: int,
    posts: Sequence[tuple[int, ReadyCompanions]],
    covers: Mapping[str, int],
) -> None:
    """Insert what comes with posts that were just inserted; the caller commits.

    Args:
        owner_id: the author.
        posts: the ids of the posts, with what comes with each.
        covers: the ids of images, by their names.
    """
    revisions = [{"post_id": post_id, **row} for post_id, ready in posts for row in ready.revisions]
    if revisions:
        # What is `None` would get its default.
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
