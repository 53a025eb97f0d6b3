"""Queries of notes."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.models import ModeratorNote, User
from blog.models.account_deletion import not_deleted

# The newest notes about a person that are shown.
NOTES_SHOWN = 50


async def notes_about(session: AsyncSession, person_id: int) -> Sequence[ModeratorNote]:
    """The newest notes about a person, with their authors."""
    notes = (
        select(ModeratorNote)
        .where(ModeratorNote.person_id == person_id)
        .options(joinedload(ModeratorNote.author.and_(not_deleted(User.id))))
        .order_by(ModeratorNote.id.desc())
        .limit(NOTES_SHOWN)
    )
    return (await session.scalars(notes)).all()
