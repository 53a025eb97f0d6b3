"""Queries of the views of an author's posts."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import PostViews


class ViewsOfPost(NamedTuple):
    """The views of a post: in a period, and in the last year."""

    lately: int = 0
    year: int = 0


async def views_of_posts(
    session: AsyncSession, post_ids: Sequence[int], first: date
) -> Mapping[int, ViewsOfPost]:
    """The views of some posts since a day, and on all stored days, by post id."""
    lately = func.coalesce(func.sum(PostViews.views).filter(PostViews.day >= first), 0)
    rows = await session.execute(
        select(PostViews.post_id, lately, func.sum(PostViews.views))
        .where(PostViews.post_id.in_(post_ids))
        .group_by(PostViews.post_id)
    )
    return {post_id: ViewsOfPost(*numbers) for post_id, *numbers in rows.all()}


async def views_by_day(session: AsyncSession, post_id: int, first: date) -> Mapping[date, int]:
    """The views of a post on the days since `first` that had any."""
    rows = await session.execute(
        select(PostViews.day, PostViews.views)
        .where(PostViews.post_id == post_id, PostViews.day >= first)
    )  # fmt: skip
    return {row.day: row.views for row in rows}
