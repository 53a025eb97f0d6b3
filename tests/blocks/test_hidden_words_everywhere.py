"""Hidden words and tags in every channel: pages collapse, the API marks, and nobody is told."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from blog.comments.events import CommentWritten
from blog.core.clock import now
from blog.core.events.handlers import record
from blog.core.web.app import Broadside
from blog.models import Comment
from blog.notifications.jobs import ANNOUNCE_POST, TAKE_BACK_HIDDEN_WORDS
from tests.jobs import at_work, make_due, stored_jobs
from tests.notifications.listening import Listening
from tests.notifications.mail.support import mail_all
from tests.notifications.support import Person, people
from tests.servers import until
from tests.support import Browser

SPOILER = "The gardener is a spoiler."
COLLAPSED = re.compile(r'<details class="collapsed">(.*?)</details>', re.DOTALL)


@pytest.fixture
async def them(app: Broadside) -> AsyncIterator[dict[str, Person]]:
    """Susan, who hides words, and two who write."""
    async with people(app, "susan", "nina", "robin") as found:
        yield found


async def hide(person: Person, word: str) -> None:
    answer = await person.post("/me/hidden-words/", json={"word": word})
    assert answer.status_code == 201, answer.text


async def publish(person: Person, title: str, body: str, *tags: str) -> int:
    answer = await person.post("/posts/", json={"title": title, "body": body, "tags": tags})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def test_pages_collapse_what_has_a_hidden_word_and_the_api_marks_it(
    app: Broadside, them: dict[str, Person]
) -> None:
    susan, nina, robin = them.values()
    post = await publish(nina, "Finale", SPOILER, "boats")
    reply = await robin.comment(post, SPOILER)
    answer = await nina.comment(post, "Not at all", reply_to=reply)
    own = await susan.comment(post, SPOILER)
    await hide(susan, "spoilers")
    posts = ("/", "/explore?order=newest", "/user/nina", "/tag/boats", "/search?q=gardener")
    lists = ("/posts/", "/posts/?fields=id,collapsed", "/users/nina/posts/", "/tags/boats/posts/",
             "/search/?q=gardener")  # fmt: skip
    comments = (f"/posts/{post}/comments/", "/comments/", "/search/?q=gardener in:comments")
    async with Browser(app) as browser:
        for reader, is_hidden in (("susan", True), ("robin", False)):
            await browser.open_session(reader)
            for address in posts:
                page = (await browser.get(address)).text
                assert SPOILER.split()[1] in page, address
                assert any("gardener" in part for part in COLLAPSED.findall(page)) == is_hidden
            page = (await browser.get(f"/post/{post}/finale")).text
            collapsed = COLLAPSED.findall(page)
            assert len(collapsed) == is_hidden
            if is_hidden:
                # The post itself, her own comment and the reply stay as they are.
                assert "Hidden because it contains" in collapsed[0]
                shown = page.replace(collapsed[0], "")
                assert shown.partition('id="comments"')[2].count(SPOILER) == 1
                assert f"<p>{SPOILER}" in shown.partition('id="comments"')[0]
                assert "Not at all" in shown
            found = (await browser.get("/search?q=gardener in:comments")).text
            assert len(COLLAPSED.findall(found)) == is_hidden
            client = them[reader]
            for address in lists:
                (listed,) = (await client.get(address)).json()["posts"]
                assert listed["collapsed"] == is_hidden, address
            assert (await client.get(f"/posts/{post}")).json()["collapsed"] == is_hidden
            for address in comments:
                listed = (await client.get(address)).json()["comments"]
                marks = {each["id"]: each["collapsed"] for each in listed}
                assert marks.pop(reply) == is_hidden, address
                assert not any(marks.values()), (address, answer, own)
            assert (await client.get(f"/comments/{reply}")).json()["collapsed"] == is_hidden


async def test_nobody_is_told_of_a_text_with_a_word_or_tag_that_they_hide(
    app: Broadside, them: dict[str, Person]
) -> None:
    susan, nina, robin = them.values()
    own = await susan.write_post()
    comment = await susan.comment(own, "So am I.")
    for word in ("spoiler", "#boats"):
        await hide(susan, word)
    for writer in (nina, robin):
        await susan.put(f"/users/{writer.name}/follow")
        await susan.put(f"/users/{writer.name}/follow/alerts")

    async def tell(text: str, *tags: str) -> None:
        await robin.comment(own, text)
        await robin.comment(own, text, reply_to=comment)
        await publish(robin, "Trams", f"{text} What does @susan say?", *tags)

    async with Browser(app) as browser:
        await browser.open_session("susan")
        async with Listening(browser) as stream:
            await stream.event("unread", unread=0)
            await tell("Spoilers!")
            await publish(nina, "Sails", "What does @susan say?", "Boats")
            # What others do, and what is said without the word, is told.
            await nina.put(f"/posts/{own}/like")
            assert await susan.texts() == ["nina liked “Trams”"]
            assert await susan.unread() == 1
            await stream.event("unread", unread=1)
            assert '"unread": 2' not in stream.text
            await tell("Nothing of that kind.", "Trams")
            await stream.event("unread", unread=4)
    assert sorted(await susan.texts("?kind=mention")) == ["robin mentioned you in “Trams”"]
    mails = await mail_all(app)
    assert len([each for each in mails if each.recipient == "susan@example.com"]) == 3
    assert not any("Spoilers" in each.text for each in mails)


async def test_what_was_told_is_taken_back_when_a_word_is_hidden_and_does_not_come_again(
    app: Broadside, them: dict[str, Person]
) -> None:
    susan, nina, robin = them.values()
    own = await susan.write_post()
    await susan.put("/users/nina/follow")
    await susan.put("/users/nina/follow/alerts")
    await nina.comment(own, SPOILER)
    await robin.comment(own, "Trams!")
    await publish(nina, "Sails", "Nothing.", "Boats")

    async def is_announced() -> bool:
        return len(await susan.texts()) == 2

    async with at_work(app, ANNOUNCE_POST):
        await until(is_announced)
    assert len(await mail_all(app)) == 2, "the post waits for the digest"
    for word in ("spoiler", "#boats"):
        await hide(susan, word)
    assert await susan.texts() == ["robin commented on “Trams”"]
    assert await susan.unread() == 1
    digests = await mail_all(app, now() + timedelta(days=8))
    assert not any("Sails" in each.text for each in digests)
    for word in (await susan.get("/me/hidden-words/")).json()["words"]:
        await susan.delete(f"/me/hidden-words/{word['id']}")
    assert await susan.texts() == ["robin commented on “Trams”"]


async def test_a_text_that_is_written_while_a_word_is_hidden_leaves_no_notification(
    app: Broadside, them: dict[str, Person]
) -> None:
    susan, nina, _ = them.values()
    post = await susan.write_post()
    async with app.database.session() as writing:
        comment = Comment(
            post_id=post, author_id=nina.id, body=SPOILER, body_html=SPOILER, renderer_version=1
        )
        writing.add(comment)
        await writing.flush()
        await record(writing, CommentWritten(comment.id, post, nina.id, None))
        await hide(susan, "spoiler")
        await writing.commit()
    assert len(await susan.texts()) == 1

    async def is_done() -> bool:
        return await stored_jobs(app) == []

    (job,) = await stored_jobs(app)
    assert job.due_at > now() + timedelta(seconds=30), "the transaction has ended by then"
    await make_due(app, TAKE_BACK_HIDDEN_WORDS)
    async with at_work(app, TAKE_BACK_HIDDEN_WORDS):
        await until(is_done)
    assert await susan.texts() == []
