"""Notifications that are mailed at once."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, Post, RefusedAddress, User
from tests.accounts.deletions import leave
from tests.mail.conftest import Working
from tests.mail.smtp import Inbox
from tests.notifications.mail.support import choose, mail_all
from tests.notifications.support import Person, people
from tests.servers import until
from tests.support import Browser, outbox
from tests.test_hidden_people import RELATIONS, row


@pytest.fixture
async def both(app: Broadside) -> AsyncIterator[dict[str, Person]]:
    """Nina, who writes posts, and Robin, who comments."""
    async with people(app, "nina", "robin") as found:
        yield found


async def test_a_thread_is_a_thread_in_a_mail_program(
    app: Broadside, both: dict[str, Person], working: Working, inbox: Inbox
) -> None:
    nina, robin = both["nina"], both["robin"]
    post_id = await nina.write_post("Trams & buses")
    first = await robin.comment(post_id, "I *like* trams <b>a lot</b>")
    reply = {"body": "At night, too? What does @robin say?", "reply_to": first}
    assert (await nina.post(f"/posts/{post_id}/comments/", json=reply)).status_code == 201
    await robin.comment(post_id, "And buses")
    await mail_all(app)
    async with working():
        messages = await inbox.holds(3)
    to_nina = [each for each in messages if each["To"] == "nina@example.com"]
    # A reply that mentions them is one thing.
    (to_robin,) = [each for each in messages if each["To"] == "robin@example.com"]
    assert {each["Subject"] for each in messages} == {"[Broadside] Re: Trams & buses"}
    root = to_nina[0]["References"]
    assert root == to_nina[0]["In-Reply-To"] == to_nina[1]["References"]
    assert to_robin["In-Reply-To"] == to_nina[0]["Message-ID"]
    assert to_robin["References"].split() == [root, to_nina[0]["Message-ID"]]
    for kind, text in (
        ("plain", "I like trams <b>a lot</b>"),
        ("html", "I like trams &lt;b&gt;a lot&lt;/b&gt;"),
    ):
        body = to_nina[0].get_body((kind,))
        assert body is not None
        assert text in body.get_content()
        assert "robin commented on “Trams" in body.get_content()
        assert f"https://blog.test/comment/{first}" in body.get_content()
    assert to_nina[0]["List-Id"] == "<comment.notifications.blog.test>"
    assert to_robin["List-Id"] == "<reply.notifications.blog.test>"
    assert to_nina[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert len(await mail_all(app)) == 3, "each once"


async def test_a_mention_in_a_post_is_mailed(app: Broadside, both: dict[str, Person]) -> None:
    post = {"title": "Trams", "body": "As @robin says, they are late."}
    assert (await both["nina"].post("/posts/", json=post)).status_code == 201
    (mail,) = await mail_all(app)
    assert mail.recipient == "robin@example.com"
    assert "nina mentioned you in “Trams”" in mail.text
    assert "/post/1/trams" in mail.text
    assert (mail.headers or {})["List-Id"] == "<mention.notifications.blog.test>"


async def test_ten_are_mailed_in_an_hour_and_the_rest_waits_for_the_digest(
    app: Broadside, both: dict[str, Person]
) -> None:
    post_id = await both["nina"].write_post()
    for number in range(13):
        await both["robin"].comment(post_id, f"Comment {number}")
    mails = await mail_all(app)
    assert [mail.purpose for mail in mails] == ["notification"] * 10
    await both["robin"].comment(post_id, "One more")
    mails = await mail_all(app, now() + timedelta(hours=1, minutes=1))
    assert [mail.purpose for mail in mails] == ["notification"] * 11
    *_, digest = await mail_all(app, now() + timedelta(days=8))
    assert digest.purpose == "digest"
    assert "14 comments by robin and others on “Trams”" in digest.text


@pytest.mark.parametrize(
    "state",
    [*RELATIONS, "read", "never", "unconfirmed", "disabled", "refused", "hidden post",
     "disabled comment", "deleted comment", "author of the comment left"],
)  # fmt: skip
async def test_what_is_read_unwanted_or_invisible_is_not_mailed(
    app: Broadside, both: dict[str, Person], db: AsyncSession, state: str
) -> None:
    nina, robin = both["nina"], both["robin"]
    post_id = await nina.write_post()
    comment = await robin.comment(post_id)
    changes = {
        "unconfirmed": update(User).values(confirmed_at=None),
        "disabled": update(User).values(disabled_at=now()),
        "hidden post": update(Post).values(hidden_at=now(), hidden_reason="x"),
        "disabled comment": update(Comment).values(disabled_at=now(), disabled_reason="x"),
    }
    if state in changes:
        await db.execute(changes[state])
    elif state == "refused":
        db.add(RefusedAddress(address="nina@example.com", days=3))
    elif state in RELATIONS:
        db.add(row(state, nina.id, robin.id))
    await db.commit()
    if state == "read":
        (line,) = await nina.notifications()
        await nina.patch(f"/notifications/{line['id']}", json={"read": True})
    elif state == "never":
        async with Browser(app) as browser:
            await browser.open_session("nina")
            await choose(browser, comment="never")
    elif state == "deleted comment":
        await robin.delete(f"/comments/{comment}")
    elif state == "author of the comment left":
        await leave(app, await db.get_one(User, robin.id))
    assert await mail_all(app) == []
    assert await mail_all(app, now() + timedelta(days=8)) == [], "nor in the digest"


async def test_what_becomes_invisible_while_it_is_queued_is_not_sent(
    app: Broadside, both: dict[str, Person], working: Working, inbox: Inbox, db: AsyncSession
) -> None:
    post_id = await both["nina"].write_post()
    await both["robin"].comment(post_id)
    assert len(await mail_all(app)) == 1
    await db.execute(update(Comment).values(disabled_at=now(), disabled_reason="x"))
    await db.commit()

    async def is_withdrawn() -> bool:
        return await mail_all(app) == []

    async with working():
        await until(is_withdrawn)
    assert inbox.messages == []


async def test_the_longest_name_and_title_fit_into_a_subject(
    app: Broadside, both: dict[str, Person]
) -> None:
    nina, robin = both["nina"], both["robin"]
    await nina.patch("/me/mail-settings", json={"like": "at_once"})
    await robin.patch("/me", json={"name": "R" * 64})
    post_id = await nina.write_post("T" * 200)
    assert (await robin.put(f"/posts/{post_id}/like")).is_success
    (mail,) = await mail_all(app)
    assert mail.subject.startswith(f"[Broadside] {'R' * 64} liked “TTT")
    assert "T" * 200 in mail.text


@pytest.mark.parametrize("reason", ["mute", "block", "delete", "hide a word"])
async def test_a_queued_mail_is_not_sent_once_its_notification_was_taken_back(
    app: Broadside, both: dict[str, Person], working: Working, inbox: Inbox, reason: str
) -> None:
    nina, robin = both["nina"], both["robin"]
    post_id = await nina.write_post()
    comment = await robin.comment(post_id)
    (mail,) = await mail_all(app)
    if reason == "delete":
        await robin.delete(f"/comments/{comment}")
    elif reason == "hide a word":
        await nina.post("/me/hidden-words/", json={"word": "so am I"})
    else:
        await nina.put(f"/users/robin/{reason}")

    async def is_withdrawn() -> bool:
        return mail.id not in {each.id for each in await outbox(app)}

    async with working():
        await until(is_withdrawn)
    assert inbox.envelopes == []
