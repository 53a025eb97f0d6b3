"""Images of accounts that are deleted."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Media, MediaFile, User
from tests.accounts.deletions import finish_deletions, leave
from tests.api.support import Client
from tests.media.corpus import encoded, picture
from tests.media.support import finish_jobs, stored_keys, upload, uploaded


async def test_the_images_of_a_deleted_account_go_and_those_of_others_stay(
    app: Broadside, susan: User, susans: Client, davids: Client, db: AsyncSession
) -> None:
    shared = encoded(picture(10, 10), "PNG")
    await uploaded(app, susans, shared)
    await uploaded(app, susans, encoded(picture(20, 20), "PNG"))
    await uploaded(app, davids, shared)
    await upload(susans, encoded(picture(30, 30), "PNG"))
    await leave(app, susan)
    await finish_deletions(app)
    await finish_jobs(app)
    assert len((await db.scalars(select(Media))).all()) == 1
    assert len((await db.scalars(select(MediaFile))).all()) == 1
    assert len(await stored_keys(app)) == 1
