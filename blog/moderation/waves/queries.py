"""Finding the accounts of a wave, and what an act on it does."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload

from blog.models import (
    BulkAct,
    BulkActPerson,
    BulkChange,
    Comment,
    HeldItem,
    LoginSession,
    Measure,
    MeasureKind,
    Permission,
    Post,
    Report,
    Role,
    User,
)
from blog.models.account_deletion import not_deleted
from blog.models.post import is_public
from blog.moderation.waves.schemas import MOST_PEOPLE, SearchForm
from blog.review.rules import Rule

# Posts, and comments, are counted up to this number.
MOST_COUNTED = 10_000
ACTS_SHOWN = 20


class Extent(NamedTuple):
    """Whom an act is about, and what it changes; of more than `MOST_COUNTED`, that number.

    Attributes:
        people: those that it acts on.
        left_out: the names of those that don't exist, or moderate.
    """

    people: Sequence[User]
    left_out: Sequence[str]
    posts: int
    comments: int
    held: int


async def found_names(session: AsyncSession, form: SearchForm) -> Sequence[str]:
    """The usernames of the people that a search finds, the newest first, without moderators."""
    people = (
        select(User.username)
        .join(Role, Role.id == User.role_id)
        .where(not_deleted(User.id), ~_moderates(Role))
        .order_by(User.created_at.desc(), User.id.desc())
        .limit(MOST_PEOPLE)
    )
    if form.joined_from:
        people = people.where(User.created_at >= form.joined_from.replace(tzinfo=UTC))
    if form.joined_until:
        people = people.where(User.created_at <= form.joined_until.replace(tzinfo=UTC))
    if form.reported:
        reported = select(Report.author_id).where(Report.closed_at.is_(None))
        people = people.where(User.id.in_(reported))
    if form.resembling:
        waits = (HeldItem.decided_at.is_(None), HeldItem.reasons.contains([[Rule.SIMILAR]]))
        people = people.where(User.id.in_(select(HeldItem.author_id).where(*waits)))
    if form.network_of:
        people = people.where(User.id.in_(_from_networks_of(form.network_of.removeprefix("@"))))
    return (await session.scalars(people)).all()


def _from_networks_of(username: str) -> Select[int]:
    """The ids of those who have a session with an address in the network of one of this person's:
    the /24 or, of IPv6, the /48 (`blog.core.networks`)."""
    theirs, others = aliased(LoginSession), aliased(LoginSession)
    prefix = case((func.family(theirs.network_address) == 4, 24), else_=48)
    network = func.set_masklen(theirs.network_address, prefix)
    return (
        select(others.user_id)
        .join(theirs, others.network_address.op("<<=")(network))
        .join(User, User.id == theirs.user_id)
        .where(func.lower(User.username) == username.lower())
    )


def _moderates(roles: type[Role]) -> ColumnElement[bool]:
    return roles.permissions.bitwise_and(int(Permission.MODERATE)) != 0


async def extent(session: AsyncSession, names: Sequence[str], since: datetime) -> Extent:
    """What an act on these people would change at the moment.

    Args:
        since: from when on what they wrote counts.
    """
    folded = {name.lower() for name in names}
    found = await session.scalars(
        select(User)
        .where(func.lower(User.username).in_(folded), not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
        .order_by(User.id)
    )
    people = [user for user in found if not user.role.grants(Permission.MODERATE)]
    there = {user.username.lower() for user in people}
    ids = [user.id for user in people]
    posts = select(literal(1)).where(
        Post.author_id.in_(ids), is_public(Post), Post.published_at >= since
    )
    comments = select(literal(1)).where(
        Comment.author_id.in_(ids), Comment.disabled_at.is_(None), Comment.created_at >= since
    )
    held = select(literal(1)).where(HeldItem.author_id.in_(ids), HeldItem.decided_at.is_(None))
    counts = [
        select(func.count()).select_from(rows.limit(MOST_COUNTED).subquery()).scalar_subquery()
        for rows in (posts, comments, held)
    ]
    row = (await session.execute(select(*counts))).one()
    left_out = [name for name in names if name.lower() not in there]
    return Extent(people, left_out, *row)


async def newest_acts(session: AsyncSession) -> Sequence[BulkAct]:
    """The newest acts, with who did them."""
    acts = select(BulkAct).order_by(BulkAct.id.desc()).limit(ACTS_SHOWN)
    return (await session.scalars(acts.options(joinedload(BulkAct.moderator)))).all()


async def act_by_id(session: AsyncSession, act_id: int) -> BulkAct | None:
    """An act, with who did it and who took it back."""
    options = (joinedload(BulkAct.moderator), joinedload(BulkAct.undone_by))
    return await session.scalar(select(BulkAct).where(BulkAct.id == act_id).options(*options))


class Progress(NamedTuple):
    """How far an act has come: what it has changed, and how much of that was put back."""

    people: int
    people_left: int
    posts: int
    comments: int
    accounts: int
    held: int
    undone: int


async def progress(session: AsyncSession, act_id: int) -> Progress:
    """How far an act has come."""
    people = select(
        func.count(), func.count().filter(BulkActPerson.done_at.is_(None))
    ).where(BulkActPerson.bulk_act_id == act_id)  # fmt: skip
    changes = (
        select(
            func.count().filter(Measure.post_id.is_not(None)),
            func.count().filter(Measure.comment_id.is_not(None)),
            func.count().filter(Measure.kind == MeasureKind.DISABLE),
            func.count().filter(BulkChange.held_item_id.is_not(None)),
            func.count().filter(BulkChange.undone_at.is_not(None)),
        )
        .select_from(BulkChange)
        .outerjoin(Measure, Measure.id == BulkChange.measure_id)
        .where(BulkChange.bulk_act_id == act_id)
    )
    number, left = (await session.execute(people)).one()
    return Progress(number, left, *(await session.execute(changes)).one())
