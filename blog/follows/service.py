"""Following and unfollowing. Each function is one transaction; triggers count the follows."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.db.database_errors import broken_reference
from blog.core.errors import ForbiddenError, InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.i18n import format_number, lazy_gettext
from blog.core.i18n import gettext as _
from blog.core.web.batches import Batches
from blog.follows.writes import Pair, add, exist, remove
from blog.models import Follow, Permission, PostAlert, User
from blog.users.blocking import refuse_blocked, refusing_blocked

# The timeline reads the newest posts of each followed user.
MOST_FOLLOWED = 10_000
FOLLOWS_ENOUGH = lazy_gettext(
    "You're following %(most)s people, which is the maximum. Unfollow someone first."
)
NOT_FOLLOWED = lazy_gettext("Follow %(name)s first to hear about their posts.")
# For people whom the person has blocked.
NOT_POSSIBLE = lazy_gettext("You can't follow %(name)s.")


async def follow(writes: Batches, follower: Viewer, person: User) -> bool:
    """Let `follower` follow `person`.

    Returns:
        `False` if they follow them already.

    Raises:
        ForbiddenError: the follower may not follow users, or one of the two has blocked the other.
        InvalidFieldsError: follower and person are the same.
        LimitReachedError: the follower follows the maximum number of users.
        NotFoundError: the person was deleted concurrently.
    """
    if not follower.can(Permission.FOLLOW):
        raise ForbiddenError
    if follower.id == person.id:
        raise InvalidFieldsError(
            {"": _("You can't follow yourself. Your own posts are already in your timeline.")}
        )
    refusal = NOT_POSSIBLE.with_values(name=person.username)
    await refuse_blocked(writes, follower, person.id, refusal)
    pair = Pair(follower.id, person.id)
    if follower.person.following_count >= MOST_FOLLOWED and not await writes.run(exist, pair):
        raise LimitReachedError({"": FOLLOWS_ENOUGH.with_values(most=format_number(MOST_FOLLOWED))})
    try:
        with refusing_blocked(refusal):
            return await writes.run(add, pair)
    except IntegrityError as error:
        if broken_reference(error) != "fk_follows_followed_id":
            raise
        raise NotFoundError from None


async def unfollow(writes: Batches, follower: Viewer, person: User) -> bool:
    """Let `follower` unfollow `person`.

    Returns:
        `False` if they did not follow them.
    """
    return await writes.run(remove, Pair(follower.id, person.id))


async def set_alerts(
    session: AsyncSession, follower: Viewer, person: User, *, notify: bool
) -> None:
    """Turn notifications of new posts by `person` on or off for `follower`.

    Raises:
        ForbiddenError: the follower may not follow users.
        InvalidFieldsError: they don't follow the person.
    """
    if not follower.can(Permission.FOLLOW):
        raise ForbiddenError
    pair = {"follower_id": follower.id, "followed_id": person.id}
    if not notify:
        await session.execute(delete(PostAlert).filter_by(**pair))
    # The lock makes an unfollow wait, which deletes what this has written.
    elif await session.get(Follow, pair, with_for_update={"read": True, "key_share": True}) is None:
        raise InvalidFieldsError({"": NOT_FOLLOWED.with_values(name=person.username)})
    else:
        await session.execute(insert(PostAlert).values(**pair).on_conflict_do_nothing())
    await session.commit()
