"""Following. Each function is one action in one transaction; triggers count the follows."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.models import Follow, Permission, User


async def follow(session: AsyncSession, follower: User, person: User) -> bool:
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
        added = await session.scalar(
            insert(Follow)
            .values(follower_id=follower.id, followed_id=person.id)
            .on_conflict_do_nothing()
            .returning(Follow.followed_id)
        )
        await session.commit()
    except IntegrityError:
        await session.rollback()
        raise NotFoundError from None
    return added is not None


async def unfollow(session: AsyncSession, follower: User, person: User) -> bool:
    """Let `follower` no longer follow `person`.

    Returns:
        `False` if he did not.
    """
    removed = await session.scalar(
        delete(Follow)
        .where(Follow.follower_id == follower.id, Follow.followed_id == person.id)
        .returning(Follow.followed_id)
    )
    await session.commit()
    return removed is not None
