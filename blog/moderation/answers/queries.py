"""Queries of answer templates."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import AnswerTemplate

MOST_TEMPLATES = 100


async def templates(session: AsyncSession) -> Sequence[AnswerTemplate]:
    """All templates, by name."""
    found = select(AnswerTemplate).order_by(AnswerTemplate.name).limit(MOST_TEMPLATES)
    return (await session.scalars(found)).all()


async def template_by_id(session: AsyncSession, template_id: int) -> AnswerTemplate | None:
    """A template."""
    return await session.get(AnswerTemplate, template_id)
