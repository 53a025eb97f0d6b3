"""Removal of unused images, and of uploads that were never recorded."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.deleting import BATCH
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.storage.sweeping import delete_old
from blog.core.web.app import current_app
from blog.media.jobs import enqueue_removal
from blog.media.sizes import ORIGINALS
from blog.models import (
    HeldItem,
    Media,
    MediaFile,
    MediaState,
    Post,
    PostDraft,
    PostMedia,
    RevisionMedia,
    User,
)

# An image may be uploaded long before the post that shows it is saved.
UNUSED_AFTER = timedelta(days=7)
# Longer than any upload takes.
ABANDONED_AFTER = timedelta(days=1)


async def delete_unused(session: AsyncSession) -> int:
    """Delete some images that no post, revision, draft or held text shows, and that aren't avatars.

    The caller commits.

    Returns:
        The number of deleted images, up to `BATCH`.
    """
    is_old = Media.created_at < func.now() - UNUSED_AFTER
    is_used = or_(
        exists().where(PostMedia.name == Media.name),
        exists().where(RevisionMedia.name == Media.name),
        exists().where(Post.cover_id == Media.id),
        exists().where(PostDraft.editor_id == Media.owner_id, _shows(PostDraft.fields)),
        exists().where(
            HeldItem.author_id == Media.owner_id,
            HeldItem.decided_at.is_(None),
            _shows(HeldItem.payload),
        ),
        exists().where(User.id == Media.owner_id, User.avatar == Media.name),
    )
    old = (
        select(MediaFile)
        .where(MediaFile.name.in_(select(Media.name).where(is_old, ~is_used).limit(BATCH)))
        .order_by(MediaFile.name)
        .with_for_update(skip_locked=True)
    )
    files = {file.name: file for file in await session.scalars(old)}
    # Checked again, because only a new statement sees posts that were saved before the lock.
    unused = delete(Media).where(Media.name.in_(files), is_old, ~is_used).returning(Media.name)
    names = (await session.scalars(unused)).all()
    for name in sorted(set(names)):
        await enqueue_removal(session, files[name])
    return len(names)


def _shows(fields: Any) -> ColumnElement[bool]:
    """Whether the fields of a post, in a JSON column, refer to an image."""
    return or_(
        fields["cover"].astext == cast(Media.id, Text),
        fields["body"].astext.contains(Media.name),
    )


async def sweep_uploads(job: RunningJob) -> None:
    """Delete stored uploads of processes that died before they recorded them."""

    async def find_pending(names: Collection[str]) -> Collection[str]:
        async with job.database.reading_session() as session:
            found = select(MediaFile.name + "-" + MediaFile.generation).where(
                MediaFile.name.in_([name.partition("-")[0] for name in names]),
                MediaFile.state == MediaState.PROCESSING,
            )
            return set(await session.scalars(found))

    await delete_old(current_app.storage, ORIGINALS, now() - ABANDONED_AFTER, find_pending)


SWEEP_UPLOADS = JobKind("sweep_uploads", sweep_uploads, at_once=1, every=timedelta(days=1))
DELETE_UNUSED_MEDIA = cleaning_job("delete_unused_media", delete_unused, every=HOUR)
