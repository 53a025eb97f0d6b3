"""Changing profiles."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.errors import ForbiddenError
from blog.core.purging.keys import SITE, user_key
from blog.core.purging.marks import mark
from blog.models import User
from blog.users.schemas import ProfileForm


async def set_avatar(session: AsyncSession, viewer: Viewer, name: str | None) -> None:
    """Set the viewer's avatar.

    Args:
        name: the name of an image that was uploaded for this; `None` for the generated avatar.
    """
    await session.execute(update(User).where(User.id == viewer.id).values(avatar=name))
    await mark(session, user_key(viewer.id))
    await session.commit()


async def choose_interface_language(
    session: AsyncSession, viewer: Viewer, language: str | None
) -> None:
    """Choose the language of pages and mails for the viewer.

    Args:
        language: one of the languages of the site; `None` leaves it to their browser.
    """
    await session.execute(
        update(User).where(User.id == viewer.id).values(interface_language=language)
    )
    await session.commit()


async def hide_like_counts(session: AsyncSession, viewer: Viewer, *, hidden: bool) -> None:
    """Choose whether the viewer's pages hide the numbers of likes."""
    changed = update(User).where(User.id == viewer.id).values(hides_like_counts=hidden)
    await session.execute(changed)
    await session.commit()


async def edit_profile(session: AsyncSession, viewer: Viewer, form: ProfileForm) -> None:
    """Update the viewer's profile; fields that are not set in `form` stay as they are.

    Raises:
        ForbiddenError: a moderator has paused their account; profiles are public, too.
    """
    if viewer.person.is_paused:
        raise ForbiddenError
    changes = form.model_dump(exclude_unset=True)
    # Links to posts show the names of authors, even on pages that don't have the authors' keys.
    is_renamed = changes.get("name", viewer.person.name) != viewer.person.name
    for name, value in changes.items():
        setattr(viewer.person, name, value)
    await mark(session, SITE if is_renamed else user_key(viewer.id))
    await session.commit()
