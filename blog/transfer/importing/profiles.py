"""Import the profile in an export of this site, and the settings kept with it."""

from collections import Counter
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import lazy_gettext
from blog.core.text.fields import Switch
from blog.core.text.validation import messages
from blog.core.web.app import current_app
from blog.models import User
from blog.transfer.importing.post import ImportedProfile
from blog.users.schemas import ProfileForm

LABELS = {
    "name": lazy_gettext("Name"), "location": lazy_gettext("Location"),
    "about_me": lazy_gettext("About me"), "language": lazy_gettext("Language"),
    "noindex": lazy_gettext("Search engine setting"),
    "hides_like_counts": lazy_gettext("Setting for like counts"),
}  # fmt: skip

ARE_FILLED_IN = lazy_gettext("Filled in: %(fields)s.")
IS_KEPT = lazy_gettext("Kept as it is here: %(field)s.")
IS_SKIPPED = lazy_gettext("Skipped: %(field)s. %(reason)s")
PICTURE = lazy_gettext("Profile picture")


class _Fields(ProfileForm):
    hides_like_counts: Switch = False


async def fill_in_profile(
    session: AsyncSession,
    owner_id: int,
    profile: ImportedProfile,
    avatar: str | None,
    *,
    is_trial: bool,
) -> tuple[Counter[str], list[str]]:
    """Fill in the empty fields of a profile; the caller commits.

    Args:
        avatar: the name of the image for their picture.
        is_trial: whether nothing is written.

    Returns:
        The number of fields and pictures, and remarks.
    """
    columns = (*(getattr(User, name) for name in LABELS), User.avatar)
    statement = select(*columns).where(User.id == owner_id)
    if not is_trial:
        statement = statement.with_for_update(key_share=True)
    present = (await session.execute(statement)).one()
    changes, remarks = dict[str, Any](), list[str]()
    for name, label in LABELS.items():
        if (given := profile.fields.get(name)) is None:
            continue
        before = getattr(present, name)
        try:
            value = getattr(_Fields.model_validate({name: given}), name)
        except ValidationError as error:
            remarks.append(str(IS_SKIPPED.with_values(field=label, reason=messages(error)[name])))
            continue
        if not value or value == before:
            continue
        if before:
            remarks.append(str(IS_KEPT.with_values(field=label)))
        else:
            changes[name] = value
    if changes:
        fields = ", ".join(str(LABELS[name]) for name in changes)
        remarks.insert(0, str(ARE_FILLED_IN.with_values(fields=fields)))
    counts = Counter(profile=len(changes))
    if profile.avatar and present.avatar:
        remarks.append(str(IS_KEPT.with_values(field=PICTURE)))
    elif profile.avatar and (avatar or is_trial):
        counts["avatar"] = 1
        changes["avatar"] = avatar
    if changes and not is_trial:
        await session.execute(update(User).where(User.id == owner_id).values(changes))
    return counts, remarks


async def has_avatar(owner_id: int) -> bool:
    """Whether a person has a profile picture."""
    async with current_app.database.reading_session() as session:
        return await session.scalar(select(User.avatar).where(User.id == owner_id)) is not None
