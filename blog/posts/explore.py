"""What is worth reading this week, and why. The cost does not depend on the size of the site.

A post's points are its likes plus the people, other than its author, who commented on it, per
hundred followers of the author: a good conversation counts more if fewer people could join it. Ten
followers are added, so that a beginner's first ones don't weigh too much.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Row,
    Subquery,
    cast,
    distinct,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Comment, Post, User
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.models.measure import is_in_lists
from blog.posts.listed import PostCard
from blog.posts.lists import NEWEST_FIRST
from blog.posts.queries import IS_LISTED, cards_of

_POST, _USER, _COMMENT = Post.__table__.c, User.__table__.c, Comment.__table__.c
# The number of the week's newest posts to consider, the number of those, with the most comments,
# whose comments are read, and the number of comments to read of each.
CONSIDERED, DISCUSSED, COMMENTS_READ = 2_000, 100, 200
SHOWN = 30
ADDED_FOLLOWERS = 10


class Ranking(StrEnum):
    """The orders that readers can choose from."""

    POINTS = "points"
    DISCUSSED = "discussed"
    NEWEST = "newest"


class Suggestion(NamedTuple):
    """A post, and the numbers that determine its rank."""

    post: PostCard
    likes: int
    commenters: int
    followers: int
    points: float


def _points(number: ColumnElement[int], followers: ColumnElement[int]) -> ColumnElement[Any]:
    return 100 * number / cast(followers + ADDED_FOLLOWERS, Float)


def _literal(number: int) -> ColumnElement[int]:
    return literal_column(str(number))


def _candidates(ranking: Ranking, *conditions: ColumnElement[bool]) -> Subquery:
    """The posts of the week that may rank high, judging by their counts."""
    week = (
        select(_POST.id, _POST.author_id, _POST.published_at, _POST.comment_count, _POST.like_count)
        .where(
            IS_LISTED,
            is_in_lists(_POST.author_id),
            *conditions,
            _POST.published_at > func.now() - literal_column("interval '7 days'"),
        )
        .order_by(*NEWEST_FIRST.by)
        .limit(_literal(CONSIDERED))
        .subquery("week")
    )
    followers = _USER.follower_count
    candidates = select(week, followers).join_from(
        week, User.__table__, _USER.id == week.c.author_id
    )
    newest = (week.c.published_at.desc(), week.c.id.desc())
    if ranking == Ranking.NEWEST:
        candidates = candidates.order_by(*newest).limit(_literal(SHOWN))
    else:
        by_points = ranking == Ranking.POINTS
        number = week.c.comment_count + (week.c.like_count if by_points else _literal(0))
        most = _points(number, followers) if by_points else number
        candidates = candidates.where(number > _literal(0))
        candidates = candidates.order_by(most.desc(), *newest).limit(_literal(DISCUSSED))
    return candidates.subquery("candidate")


def _commenters(candidate: Subquery) -> FromClause:
    """The number of people, except the author, who wrote the last comments on a candidate."""
    read = (
        select(_COMMENT.author_id)
        .where(_COMMENT.post_id == candidate.c.id, _COMMENT.disabled_at.is_(None))
        .where(not_deleted(_COMMENT.author_id))
        .order_by(_COMMENT.id.desc())
        .limit(_literal(COMMENTS_READ))
        .correlate(candidate)
        .lateral("read")
    )
    return (
        select(func.count(distinct(read.c.author_id)).label("number"))
        .where(read.c.author_id != candidate.c.author_id)
        .lateral("commenters")
    )


def _statement(ranking: Ranking, *conditions: ColumnElement[bool]) -> Any:
    candidate = _candidates(ranking, *conditions)
    commenters = _commenters(candidate)
    number, likes = commenters.c.number, candidate.c.like_count
    points = _points(likes + number, candidate.c.follower_count)
    newest = (candidate.c.published_at.desc(), candidate.c.id.desc())
    order = {
        Ranking.POINTS: (points.desc(), *newest),
        Ranking.DISCUSSED: (number.desc(), candidate.c.comment_count.desc(), *newest),
        Ranking.NEWEST: newest,
    }
    ranked = select(
        candidate.c.id, likes, number, candidate.c.follower_count, points.label("points")
    )
    ranked = ranked.join_from(candidate, commenters, true())
    if ranking == Ranking.POINTS:
        ranked = ranked.where(likes + number > _literal(0))
    elif ranking == Ranking.DISCUSSED:
        ranked = ranked.where(number > _literal(0))
    return ranked.order_by(*order[ranking]).limit(_literal(SHOWN))


_STATEMENTS = {ranking: _statement(ranking) for ranking in Ranking}
_FILTERED = {ranking: _statement(ranking, shown_to_viewer(_POST.author_id)) for ranking in Ranking}


async def suggestions(
    session: AsyncSession, ranking: Ranking, filtered_for: int = 0
) -> Sequence[Suggestion]:
    """The posts of the week in this order.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """
    statement = (_FILTERED if filtered_for else _STATEMENTS)[ranking]
    ranked: Sequence[Row[Any]] = (await session.execute(statement, {"viewer": filtered_for})).all()
    cards = {card.id: card for card in await cards_of(session, [row.id for row in ranked])}
    return [Suggestion._make((cards[row.id], *row[1:])) for row in ranked if row.id in cards]
