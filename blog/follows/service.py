"""Following. Each function is one action in one transaction; triggers count the follows."""

from sqlalchemy.exc import IntegrityError

from blog.core.auth.viewer import Viewer
from blog.core.db.database_errors import broken_reference
from blog.core.errors import ForbiddenError, InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.web.batches import Batches
from blog.follows.writes import Pair, add, are_there, remove
from blog.models import Permission, User

# The followed tab looks up the newest posts of each.
MOST_FOLLOWED = 10_000
FOLLOWS_ENOUGH = (
    f"You follow {MOST_FOLLOWED:,} people, which is as many as one can. "
    "Unfollow somebody before you follow anybody else."
)


async def follow(writes: Batches, follower: Viewer, person: User) -> bool:
    """Let `follower` follow `person`.

    Returns:
        `False` if he did so already.

    Raises:
        ForbiddenError: this person may not follow.
        InvalidFieldsError: it is themselves.
        LimitReachedError: they follow as many people as anybody may.
        NotFoundError: the person has gone in this moment.
    """
    if not follower.can(Permission.FOLLOW):
        raise ForbiddenError
    if follower.id == person.id:
        raise InvalidFieldsError({"": "You cannot follow yourself; your home page has your posts."})
    pair = Pair(follower.id, person.id)
    if follower.person.following_count >= MOST_FOLLOWED and not await writes.run(are_there, pair):
        raise LimitReachedError({"": FOLLOWS_ENOUGH})
    try:
        return await writes.run(add, pair)
    except IntegrityError as error:
        if broken_reference(error) != "fk_follows_followed_id":
            raise
        raise NotFoundError from None


async def unfollow(writes: Batches, follower: Viewer, person: User) -> bool:
    """Let `follower` no longer follow `person`.

    Returns:
        `False` if he did not.
    """
    return await writes.run(remove, Pair(follower.id, person.id))
