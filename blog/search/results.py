"""The results that a search shows: posts with marked words, people and tags."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    any_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from blog.core.auth.viewer import ANONYMOUS
from blog.core.i18n import LazyText, lazy_gettext, lazy_pgettext
from blog.core.text.tags import fold_tag
from blog.models import Comment, Post, PostStatus, PostTag, Tag, User
from blog.models.account_deletion import not_deleted
from blog.models.block import hidden_people
from blog.models.measure import is_in_lists
from blog.models.tag import names_of_tags
from blog.models.user import WORDS_OF_PERSON
from blog.posts.listed import Author
from blog.posts.policies import visible_to
from blog.search.marking import Marks, mark, snippet, text_of
from blog.search.question import Question

PEOPLE_SHOWN, TAGS_SHOWN = 5, 10
HIDDEN = lazy_pgettext("post", "Hidden")
STATES = {
    PostStatus.DRAFT: lazy_gettext("Draft"),
    PostStatus.SCHEDULED: lazy_gettext("Scheduled"),
    PostStatus.HELD: lazy_gettext("Held"),
}
# Matching people among whom the best are chosen.
PEOPLE_LOOKED_THROUGH = 1_000
# The length of text in which a snippet is looked for, in characters of HTML.
TEXT_LOOKED_THROUGH = 20_000
# The last character in Unicode, and in the byte order of UTF-8.
LAST_CHARACTER = "\U0010ffff"

_WORDS: ColumnElement[Any] = literal_column(f"({WORDS_OF_PERSON})")
_SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")
_POST, _USER = Post.__table__.c, User.__table__.c
_FOUND = (
    select(
        _POST.id, _POST.slug, _POST.title, _POST.summary,
        func.left(_POST.body_html, TEXT_LOOKED_THROUGH),
        func.coalesce(_POST.language, _USER.language), names_of_tags(_POST.id), _POST.published_at,
        _POST.created_at, _POST.like_count, _POST.status, _POST.hidden_at,
        _USER.id, _USER.username, func.coalesce(_USER.avatar, _USER.avatar_hash), _USER.name,
    )
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
)  # fmt: skip
_COMMENT = Comment.__table__.c
_COMMENTS = (
    select(
        _COMMENT.id, func.left(_COMMENT.body_html, TEXT_LOOKED_THROUGH), _COMMENT.created_at,
        _COMMENT.like_count, _POST.id, _POST.title, _POST.language,
        _USER.id, _USER.username, func.coalesce(_USER.avatar, _USER.avatar_hash), _USER.name,
    )
    .join_from(Comment.__table__, Post.__table__, _POST.id == _COMMENT.post_id)
    .join(User.__table__, _USER.id == _COMMENT.author_id)
    .where(
        _COMMENT.id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
        _COMMENT.disabled_at.is_(None), not_deleted(_USER.id), visible_to(ANONYMOUS, _POST),
    )
)  # fmt: skip
_LISTED = _FOUND.where(visible_to(ANONYMOUS, _POST))
_OWN = _FOUND.where(_POST.author_id == bindparam("viewer", type_=BigInteger))


class ShownPost(NamedTuple):
    """A post among the results.

    Attributes:
        marked_title: the title with marked words; empty for a note.
        title: the title without marks.
        snippet: a part of its text with marked words.
        state: why others can't see it; empty if they can.
    """

    id: int
    slug: str | None
    marked_title: Markup
    title: str
    snippet: Markup
    shown_language: str | None
    tags: tuple[str, ...]
    moment: datetime
    like_count: int
    state: str | LazyText
    author: Author


class ShownComment(NamedTuple):
    """A comment among the results.

    Attributes:
        snippet: a part of its text with marked words.
        post_title: the title of its post; `None` for a note.
        language: the language of its post, if known.
    """

    id: int
    snippet: Markup
    moment: datetime
    like_count: int
    post_id: int
    post_title: str | None
    language: str | None
    author: Author


async def shown_posts(
    session: AsyncSession, ids: Sequence[int], marks: Marks, viewer_id: int = 0
) -> list[ShownPost]:
    """Posts among the results, in the order of the ids.

    Args:
        viewer_id: the author, for posts that others can't read; 0 for public posts.
    """
    if not ids:
        return []
    statement = _OWN if viewer_id else _LISTED
    rows = await session.execute(statement, {"ids": list(ids), "viewer": viewer_id})
    found = {row[0]: _shown_post(tuple(row), marks) for row in rows}
    return [found[id_] for id_ in ids if id_ in found]


def _shown_post(row: Sequence[Any], marks: Marks) -> ShownPost:
    id_, slug, title, summary, html, language, tags, published, created = row[:9]
    likes, status, hidden = row[9:12]
    text = text_of(html)
    use_summary = summary and marks.ranges(summary) and not marks.ranges(text)
    state = HIDDEN if hidden else STATES.get(status, "")
    return ShownPost(
        id_, slug, mark(title or "", marks), title or "",
        snippet(summary if use_summary else text, marks), language, tuple(tags),
        published or created, likes, state, Author._make(row[12:]),
    )  # fmt: skip


async def shown_comments(
    session: AsyncSession, ids: Sequence[int], marks: Marks
) -> list[ShownComment]:
    """Public comments among the results, in the order of the ids."""
    if not ids:
        return []
    rows = await session.execute(_COMMENTS, {"ids": list(ids)})
    found = {row[0]: _shown_comment(tuple(row), marks) for row in rows}
    return [found[id_] for id_ in ids if id_ in found]


def _shown_comment(row: Sequence[Any], marks: Marks) -> ShownComment:
    id_, html, moment, likes, post_id, title, language = row[:7]
    shown = snippet(text_of(html), marks)
    return ShownComment(id_, shown, moment, likes, post_id, title, language, Author._make(row[7:]))


async def people(
    session: AsyncSession, question: Question, filtered_for: int = 0
) -> Sequence[User]:
    """People whose names start with the words, most followed first.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """
    if not question.plain:
        return ()
    prefixes = " & ".join(f"'{word}':*" for word in question.plain)
    matching = (
        select(User.id, User.follower_count)
        .where(_WORDS.op("@@")(func.to_tsquery(_SIMPLE, prefixes)))
        .where(User.confirmed_at.is_not(None), not_deleted(User.id), User.limited_at.is_(None))
        .limit(PEOPLE_LOOKED_THROUGH)
    )
    if filtered_for:
        matching = matching.where(User.id.not_in(hidden_people(filtered_for)))
    found = matching.subquery()
    first = select(found.c.id).order_by(found.c.follower_count.desc(), found.c.id)
    ids = first.limit(PEOPLE_SHOWN).subquery()
    users = select(User).join(ids, ids.c.id == User.id)
    return (await session.scalars(users.order_by(User.follower_count.desc(), User.id))).all()


async def tags(session: AsyncSession, question: Question, given: str) -> Sequence[str]:
    """Tags of public posts whose present or former name begins with what was typed, or is a word of
    it."""
    if not question.plain:
        return ()
    beginning = fold_tag(given.strip().lstrip("#"))
    is_meant: ColumnElement[bool] = Tag.folded.between(beginning, beginning + LAST_CHARACTER)
    is_meant |= Tag.folded.in_(question.plain)
    # A merged or renamed tag is found by its former name, too.
    shown = aliased(Tag)
    has_posts = (
        select(literal(1))
        .where(PostTag.tag_id == shown.id, PostTag.published_at.is_not(None))
        .where(not_deleted(PostTag.author_id), is_in_lists(PostTag.author_id))
        .exists()
    )
    names = (
        select(shown.name)
        .join_from(Tag, shown, shown.id == func.coalesce(Tag.merged_into_id, Tag.id))
        .where(is_meant, has_posts, shown.blocked_at.is_(None))
        .group_by(shown.name, shown.folded)
        .order_by(shown.folded)
        .limit(TAGS_SHOWN)
    )
    return (await session.scalars(names)).all()
