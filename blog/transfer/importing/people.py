"""Follow, mute and block the people in an export of this site, matched by username."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.blocks.service import MOST, block, mute
from blog.core.auth.quotas import FOLLOWING, spend_from
from blog.core.auth.viewer import Viewer
from blog.core.errors import (
    InvalidFieldsError,
    LimitReachedError,
    NotFoundError,
    TooManyRequestsError,
)
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.text.validation import remove_forbidden
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket
from blog.follows.service import MOST_FOLLOWED, set_alerts
from blog.follows.writes import Pair, add
from blog.models import Block, Follow, Mute, Permission, User
from blog.models.account_deletion import not_deleted
from blog.transfer.importing.report import format_names

WILL_FOLLOW = lazy_gettext("You'll follow %(names)s.")
FOLLOWS = lazy_gettext("You're now following %(names)s.")
WILL_MUTE = lazy_gettext("You'll mute %(names)s.")
MUTES = lazy_gettext("You've muted %(names)s.")
WILL_BLOCK = lazy_gettext("You'll block %(names)s.")
BLOCKS = lazy_gettext("You've blocked %(names)s.")
NOT_HERE = lazy_gettext("These people aren't here: %(names)s.")
MAY_NOT = lazy_gettext("Your account can't follow people.")
LATER = lazy_gettext(
    "You can't follow this many people at once. Import the file again later to follow %(names)s."
)


class _FoundPeople(NamedTuple):
    """The result of looking up people by username.

    Attributes:
        owner: the account that names them.
        new: people who are not on the owner's list yet, sorted by username.
        remarks: remarks about people who have no account here.
    """

    owner: User
    new: Sequence[User]
    remarks: list[str]


async def follow(
    owner_id: int, names: Sequence[str], alerts: Collection[str], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Follow people, up to the limits on following.

    Args:
        owner_id: the follower.
        names: usernames; people who are already followed are ignored.
        alerts: the usernames of people whose new posts the owner wants to be notified of.
        is_trial: whether nothing is written.

    Returns:
        The number of people, and remarks.
    """
    listed = select(Follow.followed_id).where(Follow.follower_id == owner_id)
    owner, people, remarks = await _find_people(owner_id, names[:MOST_FOLLOWED], listed)
    if people and Permission.FOLLOW not in owner.permissions:
        return 0, [str(MAY_NOT), *remarks]
    room = max(0, MOST_FOLLOWED - owner.following_count)
    if is_trial:
        now = list(people[: min(room, FOLLOWING.number)])
    else:
        now = await _follow(owner_id, people[:room])
        await _set_alerts(Viewer.of(owner), now, alerts)
    remarks = (
        format_names(WILL_FOLLOW if is_trial else FOLLOWS, [each.username for each in now])
        + remarks
    )
    later = [person.username for person in people if person not in now]
    return len(now), remarks + format_names(LATER, later)


async def mute_people(
    owner_id: int, names: Sequence[str], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Mute people; arguments and results are as in `follow`."""
    listed = select(Mute.muted_id).where(Mute.user_id == owner_id)
    text = WILL_MUTE if is_trial else MUTES
    return await _mute_or_block(owner_id, names, listed, None if is_trial else mute, text)


async def block_people(
    owner_id: int, names: Sequence[str], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Block people; arguments and results are as in `follow`."""
    listed = select(Block.blocked_id).where(Block.user_id == owner_id)
    text = WILL_BLOCK if is_trial else BLOCKS
    return await _mute_or_block(owner_id, names, listed, None if is_trial else block, text)


async def _find_people(owner_id: int, names: Sequence[str], listed: Select[Any]) -> _FoundPeople:
    """Find the people with these usernames who have an account here.

    Args:
        listed: selects the ids of people who are already on the owner's list.
    """
    wanted = {name.lower(): name for name in names if remove_forbidden(name) == name}
    is_listed = User.id.in_(listed).label("is_listed")
    async with current_app.database.reading_session() as session:
        owner = await session.get_one(
            User, owner_id, options=[joinedload(User.role, innerjoin=True)]
        )
        statement = select(User, is_listed).where(
            func.lower(User.username).in_(wanted), User.id != owner_id, not_deleted(User.id)
        )
        rows = (await session.execute(statement.order_by(func.lower(User.username)))).all()
    absent = wanted.keys() - {user.username.lower() for user, _ in rows} - {owner.username.lower()}
    remarks = format_names(NOT_HERE, sorted(wanted[name] for name in absent))
    return _FoundPeople(owner, [user for user, is_on_list in rows if not is_on_list], remarks)


async def _follow(owner_id: int, people: Sequence[User]) -> list[User]:
    """Follow people until the quota is used up."""
    allowed = list[User]()
    for person in people:
        try:
            await spend_from((Bucket(FOLLOWING, f"person {owner_id}"),))
        except TooManyRequestsError:
            break
        allowed.append(person)
    done = await asyncio.gather(*(_follow_one(Pair(owner_id, person.id)) for person in allowed))
    return [person for person, is_followed in zip(allowed, done, strict=True) if is_followed]


async def _follow_one(pair: Pair) -> bool:
    """Follow a person; return `False` if they have left or block the owner."""
    try:
        await current_app.writes.run(add, pair)
    except IntegrityError:
        return False
    return True


async def _set_alerts(owner: Viewer, followed: Sequence[User], names: Collection[str]) -> None:
    """Notify the owner of new posts by the people with these usernames."""
    lower = {name.lower() for name in names}
    for person in followed:
        if person.username.lower() in lower:
            try:
                async with current_app.database.session() as session:
                    await set_alerts(session, owner, person, notify=True)
            except InvalidFieldsError:
                continue  # The owner has unfollowed them meanwhile.


async def _mute_or_block(
    owner_id: int,
    names: Sequence[str],
    listed: Select[Any],
    act: Callable[[AsyncSession, Viewer, User], Awaitable[bool]] | None,
    text: LazyText,
) -> tuple[int, list[str]]:
    """Mute or block people.

    Args:
        act: mutes or blocks a person; `None` in a trial run.
        text: the remark, with a place for `%(names)s`.
    """
    owner, people, remarks = await _find_people(owner_id, names[:MOST], listed)
    done = list[str]()
    for person in people:
        if act is not None:
            try:
                async with current_app.database.session() as session:
                    await act(session, Viewer.of(owner), person)
            except NotFoundError:
                continue  # They have left meanwhile.
            except LimitReachedError as error:
                remarks.append(str(error))
                break
        done.append(person.username)
    return len(done), format_names(text, done) + remarks
