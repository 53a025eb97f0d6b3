"""Notifications of those who are mentioned."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.events.handlers import record
from blog.core.web.app import Broadside
from blog.models import Comment
from blog.posts.events import PeopleMentioned
from tests.notifications.support import people
from tests.support import NewUser, add_users


async def test_who_is_mentioned_is_notified_once_whatever_is_edited(app: Broadside) -> None:
    async with people(app, "nina", "robin", "david") as found:
        nina, robin, david = found.values()
        post_id = await nina.write_post()
        assert (await nina.patch(f"/posts/{post_id}", json={"body": "@robin @nina"})).is_success
        assert await robin.texts() == ["nina mentioned you in “Trams”"]
        assert (await nina.patch(f"/posts/{post_id}", json={"body": "@robin!"})).is_success
        assert len(await robin.texts()) == 1
        await david.comment(post_id, "@robin, what do you think?")
        assert await robin.texts() == ["2 mentions of you by david and nina"]
        assert await david.texts() == []
        assert await nina.texts() == ["david commented on “Trams”"]
        for status in ("draft", "published"):
            answer = await nina.patch(f"/posts/{post_id}", json={"status": status})
            assert answer.is_success
        assert await robin.texts() == []


async def test_one_comment_is_one_notification_and_a_storm_is_one_line(app: Broadside) -> None:
    async with people(app, "susan", "nina", "robin") as them:
        susan, nina, robin = them["susan"], them["nina"], them["robin"]
        post = await susan.write_post()
        comment = await nina.comment(post, "What do you think, @susan?")
        assert await susan.texts() == ["nina mentioned you in a comment on “Trams”"]
        # A reply says more still.
        own = await susan.comment(post)
        await robin.comment(post, "I agree, @susan.", reply_to=own)
        assert await susan.texts() == [
            "robin replied to your comment on “Trams”",
            "nina mentioned you in a comment on “Trams”",
        ]
        for writer in (nina, robin, nina):
            await writer.comment(await writer.write_post("Ships"), "Come here, @susan!")
        [line] = await susan.notifications("?kind=mention")
        assert (line["text"], line["count"]) == ("4 mentions of you by nina and robin", 4)
        await nina.delete(f"/comments/{comment}")
        [line] = await susan.notifications("?kind=mention")
        assert line["count"] == 3


async def test_forty_strangers_who_mention_one_person_are_one_line(
    app: Broadside, db: AsyncSession
) -> None:
    strangers = await add_users(app, *(NewUser(f"stranger{number}") for number in range(40)))
    async with people(app, "susan", "nina") as them:
        susan, post = them["susan"], await them["nina"].write_post()
        written = {"body": "@susan!", "body_html": "@susan!", "renderer_version": 1}
        comments = [
            Comment(post_id=post, author_id=each.id, **written) for each in strangers.values()
        ]
        db.add_all(comments)
        await db.flush()
        told = [PeopleMentioned(each.author_id, post, each.id, [susan.id]) for each in comments]
        await record(db, *told)
        await db.commit()
        [line] = await susan.notifications()
        assert (line["kind"], line["count"]) == ("mention", 40)
        assert await susan.unread() == 1


async def test_a_quotation_of_a_name_notifies_nobody_until_its_author_says_it_too(
    app: Broadside,
) -> None:
    async with people(app, "susan", "nina", "robin") as them:
        susan, nina, robin = them["susan"], them["nina"], them["robin"]
        post = await susan.write_post()
        first = await susan.comment(post, "@nina knows.")
        quoted = "> @nina knows.\n\nDoes @susan?"
        reply = await robin.comment(post, quoted, reply_to=first)
        assert await nina.texts() == ["susan mentioned you in a comment on “Trams”"]
        comment = (await robin.get(f"/comments/{reply}")).json()
        assert 'href="/user/nina" class="mention"' in comment["body_html"]
        answer = await robin.patch(f"/comments/{reply}", json={"body": quoted + " Or @nina?"})
        assert answer.is_success
        assert await nina.texts() == ["2 mentions of you by robin and susan"]
        # A quotation within a quotation, and what follows it.
        await robin.comment(post, "> > @nina\n>\n> @nina\n\n@susan")
        assert await nina.texts() == ["2 mentions of you by robin and susan"]
