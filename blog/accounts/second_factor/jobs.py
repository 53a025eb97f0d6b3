"""Sealing the secrets of authenticator apps again after the site's key has been replaced."""

from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.second_factor.codes import sealing_context
from blog.core.crypto.sealing import ID_BYTES, Sealer, UnreadableSecretError
from blog.core.jobs.cleaning import HOUR
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.web.app import current_app
from blog.models import Authenticator

AT_ONCE = 100


async def reseal_some(session: AsyncSession, sealer: Sealer, after: int) -> int:
    """Seal some secrets that were sealed with an old key with the current key; the caller commits.

    Secrets stay as they are if the site no longer has their key, which may be restored.

    Args:
        after: the id of the last user of the previous batch.

    Returns:
        The id of the last user of this batch; 0 if there are no more.
    """
    has_old_key = func.substring(Authenticator.secret, 1, ID_BYTES) != sealer.key_id
    apps = await session.scalars(
        select(Authenticator)
        .where(has_old_key, Authenticator.user_id > after)
        .order_by(Authenticator.user_id)
        .limit(AT_ONCE)
        .with_for_update()
    )
    last = 0
    for app in apps:
        context = sealing_context(app.user_id)
        with suppress(UnreadableSecretError):
            app.secret = sealer.seal(sealer.open(app.secret, context), context)
        last = app.user_id
    return last


async def _reseal(job: RunningJob) -> None:
    after = -1
    while after and not job.stopping.is_set():
        async with job.database.session() as session:
            after = await reseal_some(session, current_app.sealer, max(after, 0))
            await session.commit()


RESEAL_SECRETS = JobKind("reseal_secrets", _reseal, at_once=1, every=HOUR)
