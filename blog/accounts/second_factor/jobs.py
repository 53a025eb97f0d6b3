"""Sealing the secrets of authenticator apps again after the site's key was replaced."""

from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.second_factor.codes import sealed_for
from blog.core.crypto.sealing import ID_BYTES, Sealer, UnreadableSecretError
from blog.core.jobs.cleaning import HOUR
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.web.app import current_app
from blog.models import Authenticator

AT_ONCE = 100


async def reseal_some(session: AsyncSession, sealer: Sealer, after: int) -> int:
    """Seal some secrets with the present key that a former one has sealed; the caller commits.

    Those whose key the site no longer has stay as they are: the key may come back.

    Args:
        after: the id of a user, whose secret was looked at before.

    Returns:
        The id of the last user whose secret was looked at; 0 if there are no more.
    """
    former = func.substring(Authenticator.secret, 1, ID_BYTES) != sealer.key_id
    apps = await session.scalars(
        select(Authenticator)
        .where(former, Authenticator.user_id > after)
        .order_by(Authenticator.user_id)
        .limit(AT_ONCE)
        .with_for_update()
    )
    last = 0
    for app in apps:
        about = sealed_for(app.user_id)
        with suppress(UnreadableSecretError):
            app.secret = sealer.seal(sealer.open(app.secret, about), about)
        last = app.user_id
    return last


async def _reseal(job: RunningJob) -> None:
    after = -1
    while after and not job.stopping.is_set():
        async with job.database.session() as session:
            after = await reseal_some(session, current_app.sealer, max(after, 0))
            await session.commit()


RESEAL_SECRETS = JobKind("reseal_secrets", _reseal, at_once=1, every=HOUR)
