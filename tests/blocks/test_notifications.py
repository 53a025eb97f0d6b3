"""Notifications of what muted and blocked people do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from blog.core.web.app import Broadside
from tests.notifications.support import Person, people

ACTS = 6


@pytest.fixture
async def them(app: Broadside) -> AsyncIterator[dict[str, Person]]:
    """Susan, who writes, and her readers."""
    names = [f"reader{number}" for number in range(2 * ACTS)]
    async with people(app, "susan", "nina", "robin", *names) as found:
        yield found


async def test_nobody_is_notified_of_what_muted_and_blocked_people_do(
    them: dict[str, Person],
) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post, other = await susan.write_post(), await susan.write_post("Boats")
    for reader in (nina, robin):
        await reader.put(f"/posts/{post}/like")
        await reader.put("/users/susan/follow")
        await reader.comment(post)
    ninas = await nina.write_post("Nina's")
    await susan.put(f"/posts/{ninas}/like")
    await susan.put("/users/nina/mute")
    # What was before is taken back, and there is nothing new.
    await nina.put(f"/posts/{other}/like")
    await nina.comment(other)
    assert await susan.texts() == [
        "robin commented on “Trams”", "robin started following you", "robin liked “Trams”",
    ]  # fmt: skip
    assert await susan.unread() == 3
    # The muted person does not know.
    assert await nina.texts() == ["susan liked “Nina's”"]

    await susan.put("/users/nina/block")
    await susan.put("/users/robin/block")
    assert await susan.notifications() == []
    assert await nina.notifications() == []
    await susan.delete("/users/robin/block")
    await robin.put("/users/susan/follow")
    assert await susan.texts() == ["robin started following you"]
    # To mention somebody is not refused, which would tell of the block; but it tells nobody.
    for writer in (nina, robin):
        body = {"title": "Boats", "body": "What does @susan think?"}
        assert (await writer.post("/posts/", json=body)).status_code == 201
    assert await susan.texts() == [
        "robin mentioned you in “Boats”", "robin started following you",
    ]  # fmt: skip


async def test_what_happens_at_the_moment_of_a_mute_or_block_leaves_no_notification(
    them: dict[str, Person],
) -> None:
    susan = them["susan"]
    post = await susan.write_post()
    acts = []
    for number in range(2 * ACTS):
        reader = them[f"reader{number}"]
        what = "mute" if number % 2 else "block"
        acts += [
            reader.put("/users/susan/follow"),
            susan.put(f"/users/{reader.name}/{what}"),
            reader.put(f"/posts/{post}/like"),
            reader.post(f"/posts/{post}/comments/", json={"body": "Now"}),
        ]
    await asyncio.gather(*acts)
    assert await susan.notifications() == []
