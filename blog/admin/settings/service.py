"""Change the settings of the site. Each function is one transaction, with its entry in the audit
log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.administrators import lock_administrators
from blog.admin.settings.schemas import ReviewForm
from blog.core.auth import audit
from blog.core.auth.viewer import OPERATOR, Viewer
from blog.core.errors import EditConflictError, ForbiddenError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.core.site_settings.keeper import CHANNEL
from blog.core.site_settings.values import Logo, SiteSettings
from blog.media.jobs import enqueue_removal
from blog.models import Act, MediaFile, Permission, Site, SiteSetting

# Settings that moderators may change, too: the rules for review.
MODERATOR_SETTINGS = ReviewForm.model_fields.keys() - {"version"}


class SettingsConflictError(EditConflictError):
    """Some of the settings were changed since the form was shown.

    Attributes:
        current: the current settings.
        names: the settings that the form would change, too, to something else.
    """

    def __init__(self, current: SiteSettings, names: list[str]) -> None:
        super().__init__(_("Someone else has changed these settings."))
        self.current, self.names = current, names


async def change_settings(
    session: AsyncSession, viewer: Viewer, defaults: SiteSettings, wanted: Mapping[str, Any],
    read_version: int | None = None,
) -> None:  # fmt: skip
    """Change some settings; those that are not in `wanted` stay.

    Args:
        defaults: the values that apply where nothing is stored.
        wanted: valid values, by the names of fields of `SiteSettings`.
        read_version: the version that the administrator has seen; `None` if they have seen none.

    Raises:
        ForbiddenError: the viewer is no longer an administrator, nor a moderator who changes only
            the rules for review.
        SettingsConflictError: someone else has changed one of them since that version.
    """
    # People who save at the same time take turns here.
    await session.execute(select(Site.namespace).with_for_update())
    if not (wanted.keys() <= MODERATOR_SETTINGS and viewer.can(Permission.MODERATE)):
        await _require_administrator(session, viewer)
    rows = (await session.scalars(select(SiteSetting))).all()
    versions = {row.name: row.version for row in rows}
    current = defaults.with_stored(
        max(versions.values(), default=0), {row.name: row.value for row in rows}
    )
    stored = SiteSettings.model_validate({**dict(current), **wanted})
    changed = [name for name in wanted if getattr(stored, name) != getattr(current, name)]
    if read_version is not None:
        newer = [name for name in changed if versions.get(name, 0) > read_version]
        if newer:
            raise SettingsConflictError(current, newer)
    if changed:
        values = stored.model_dump(mode="json", include=set(changed))
        before = current.model_dump(mode="json", include=set(changed))
        await _store(session, values, current.version + 1)
        details = {name: [_log_value(before[name]), _log_value(values[name])] for name in changed}
        audit.record(session, viewer, Act.CHANGE_SETTINGS, None, **details)
        await session.execute(select(func.pg_notify(CHANNEL, "")))
        await mark(session, SITE)
    await session.commit()


async def change_logo(
    session: AsyncSession, viewer: Viewer, defaults: SiteSettings, name: str | None
) -> None:
    """Change or remove the logo. Its file stays while it is the logo, even if it belongs to another
    user.

    Args:
        defaults: as in `change_settings`.
        name: the name of the file; `None` for no logo.

    Raises:
        ForbiddenError: the viewer is no longer an administrator.
        NotFoundError: the file has been deleted meanwhile.
    """
    logo = Logo()
    # The job that removes files waits for these locks, and then sees which file is the logo.
    before = await session.scalar(
        select(SiteSetting.value["name"].astext).where(SiteSetting.name == "logo")
    )
    files = await session.scalars(
        select(MediaFile)
        .where(MediaFile.name.in_([each for each in (before, name) if each]))
        .order_by(MediaFile.name)
        .with_for_update(read=True)
    )
    by_name = {file.name: file for file in files}
    if name is not None:
        if (file := by_name.get(name)) is None:
            raise NotFoundError(_("This image has been deleted. Please upload it again."))
        width, height = file.variants[0]
        logo = Logo(name=name, width=width, height=height)
    if before and before != name and before in by_name:
        await enqueue_removal(session, by_name[before])
    await change_settings(session, viewer, defaults, {"logo": logo})


async def _require_administrator(session: AsyncSession, viewer: Viewer) -> None:
    if viewer is not OPERATOR and viewer.id not in await lock_administrators(session):
        raise ForbiddenError


async def _store(session: AsyncSession, values: Mapping[str, Any], version: int) -> None:
    added = insert(SiteSetting).values(
        [{"name": name, "value": value, "version": version} for name, value in values.items()]
    )
    excluded = added.excluded
    await session.execute(
        added.on_conflict_do_update(
            index_elements=["name"],
            set_={"value": excluded.value, "version": excluded.version, "changed_at": func.now()},
        )
    )


def _log_value(value: Any) -> Any:
    """Convert a value for the audit log."""
    if isinstance(value, list):
        return ", ".join(value)
    return value["name"] if isinstance(value, dict) else value
