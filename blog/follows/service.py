"""Following. Each function is one action in one transaction; triggers count the follows."""

from sqlalchemy.exc import IntegrityError

from blog.accounts.viewer import Viewer
from blog.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.follows.writes import Pair, add, remove
from blog.kit.batches import Batches
from blog.kit.database import is_missing_reference
from blog.models import Permission, User


async def follow(writes: Batches, follower: Viewer, person: User) -> bool:
    """Let `follower` follow `person`.

    Returns:
        `False` if he did so already.

    Raises:
        ForbiddenError: this person may not follow.
        InvalidFieldsError: it is himself.
        NotFoundError: the person has gone in this moment.
    """
    if not follower.can(Permission.FOLLOW):
        raise ForbiddenError
    if follower.id == person.id:
        raise InvalidFieldsError({"": "You cannot follow yourself; your home page has your posts."})
    try:
        return await writes.run(add, Pair(follower.id, person.id))
    except IntegrityError as error:
        if not is_missing_reference(error):
            raise
        raise NotFoundError from None


async def unfollow(writes: Batches, follower: Viewer, person: User) -> bool:
    """Let `follower` no longer follow `person`.

    Returns:
        `False` if he did not.
    """
    return await writes.run(remove, Pair(follower.id, person.id))
