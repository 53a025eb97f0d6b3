"""One connection that listens to the channels of a process."""

import asyncio

from sqlalchemy import text

from blog.core.jobs.listener import Listener
from blog.core.web.app import Broadside
from tests.servers import START_SECONDS

COUNT = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'broadside listener'")


async def listeners(app: Broadside) -> int:
    async with app.database.session() as session:
        return await session.scalar(COUNT) or 0


async def test_all_channels_share_a_connection_and_a_channel_can_come_later(
    app: Broadside,
) -> None:
    before, heard = await listeners(app), list[tuple[str, str]]()
    listener = Listener(app.database)

    def hears(channel: str) -> None:
        listener.follow(channel, lambda payload: heard.append((channel, payload)))

    async def heard_all(*wanted: tuple[str, str]) -> None:
        async with asyncio.timeout(START_SECONDS):
            while not set(wanted) <= set(heard):  # noqa: ASYNC110 (another task hears)
                await asyncio.sleep(0.02)
        heard.clear()

    async def notify(channel: str) -> None:
        async with app.database.engine.begin() as connection:
            await connection.execute(text(f"NOTIFY {channel}, 'x'"))

    hears("one")
    await heard_all(("one", ""))
    hears("two")
    await heard_all(("two", ""))
    await notify("one")
    await notify("two")
    await heard_all(("one", "x"), ("two", "x"))
    # One of another test may have ended meanwhile.
    assert await listeners(app) <= before + 1
    await listener.unfollow("one")
    await notify("one")
    hears("one")
    await heard_all(("one", ""))
    await listener.unfollow("one", "two")
    async with asyncio.timeout(START_SECONDS):
        while await listeners(app) > before:  # noqa: ASYNC110 (the server closes it)
            await asyncio.sleep(0.02)
    hears("two")
    await heard_all(("two", ""))
    await listener.unfollow("two")
