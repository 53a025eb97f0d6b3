"""Notifications of those who are mentioned."""

from blog.core.web.app import Broadside
from tests.notifications.support import people


async def test_who_is_mentioned_is_notified_once_whatever_is_edited(app: Broadside) -> None:
    async with people(app, "nina", "robin", "david") as found:
        nina, robin, david = found.values()
        post_id = await nina.write_post()
        assert (await nina.patch(f"/posts/{post_id}", json={"body": "@robin @nina"})).is_success
        assert await robin.texts() == ["nina mentioned you in “Trams”"]
        assert (await nina.patch(f"/posts/{post_id}", json={"body": "@robin!"})).is_success
        assert len(await robin.texts()) == 1
        await david.comment(post_id, "@robin, what do you think?")
        assert await robin.texts() == ["david and nina mentioned you 2 times"]
        assert await david.texts() == []
        assert await nina.texts() == ["david commented on “Trams”"]
        for status in ("draft", "published"):
            answer = await nina.patch(f"/posts/{post_id}", json={"status": status})
            assert answer.is_success
        assert await robin.texts() == []
