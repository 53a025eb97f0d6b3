"""Acting on a wave of accounts, and taking that back."""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    AccountDeletion,
    BulkAct,
    Comment,
    HeldItem,
    LogEntry,
    LoginSession,
    LogOpening,
    Measure,
    Post,
    PostStatus,
    RemovedText,
    User,
)
from blog.moderation.waves.acting import act_on_some
from blog.moderation.waves.undoing import undo_some
from blog.posts.counts import wrong_counts
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts
from tests.support import Browser, NewUser, add_users, change_site, outbox

ADDRESS = "/moderate/waves"
HOUR_AGO = now() - timedelta(hours=1)
FORM = {
    "names": "@Spam1\nspam2\nspam3\nmaud\nnobody", "hides": "true", "refuses": "true",
    "since": HOUR_AGO.strftime("%Y-%m-%dT%H:%M"), "reason": "A wave", "act": "true",
}  # fmt: skip


@pytest.fixture
async def spammers(
    app: Broadside, db: AsyncSession, post: Post, moderators_browser: Browser
) -> Mapping[str, User]:
    """Three people with posts and comments; the second has an old post, and one that waits."""
    names = ("spam1", "spam2", "spam3")
    people = await add_users(app, *(NewUser(name) for name in names))
    for user in people.values():
        await add_posts(db, user, 2)
        await add_comments(db, post, user.id, 2)
    await db.execute(
        update(Post)
        .where(
            Post.id
            == select(Post.id)
            .where(Post.author_id == people["spam2"].id)
            .limit(1)
            .scalar_subquery()
        )
        .values(published_at=now() - timedelta(days=9))
    )
    await db.commit()
    await change_site(app, held_words=("casino",))
    async with Browser(app) as spammer:
        await spammer.log_in("spam2")
        await spammer.submit("/", {"body": "A casino"})
        await spammer.submit(f"/post/{post.id}", {"body": "A casino"})
    return people


async def act(moderator: Browser, **changes: str) -> httpx.Response:
    return await moderator.submit(ADDRESS, {**FORM, **changes})


async def run(app: Broadside, do_some: Any, act_id: int, steps: int = 999) -> None:
    """What the job does, up to so many steps of it."""
    async with app.app_context():
        for _ in range(steps):
            async with app.database.session() as session:
                if await do_some(session, act_id):
                    return


async def state(db: AsyncSession) -> list[Any]:
    """What is shown, what waits, and who is disabled."""
    return [
        (await db.execute(query)).all()
        for query in (
            select(Post.id, Post.status, Post.hidden_at.is_(None)).order_by(Post.id),
            select(Comment.id, Comment.disabled_at.is_(None)).order_by(Comment.id),
            select(HeldItem.id, HeldItem.decided_at.is_(None)).order_by(HeldItem.id),
            select(User.id, User.disabled_at.is_(None)).order_by(User.id),
            select(RemovedText.post_id, RemovedText.comment_id),
        )
    ]


async def test_a_wave_is_found_by_its_network_and_by_what_it_repeats(
    db: AsyncSession, moderators_browser: Browser, spammers: Mapping[str, User]
) -> None:
    addresses = {"spam1": "203.0.113.7", "spam2": "203.0.113.99", "spam3": "203.0.114.7",
                 "maud": "203.0.113.8"}  # fmt: skip
    await db.execute(delete(LoginSession).where(LoginSession.user_id == spammers["spam2"].id))
    for n, (name, address) in enumerate(addresses.items()):
        user_id = await db.scalar(select(User.id).where(User.username == name))
        db.add(LoginSession(token_hash=bytes([n]), user_id=user_id, expires_at=now(), device="",
                            network_address=ip_address(address)))  # fmt: skip
    similar = update(HeldItem).where(HeldItem.author_id == spammers["spam2"].id)
    await db.execute(similar.values(reasons=[["word", "casino"], ["similar", ""]]))
    await db.commit()

    async def found(query: str) -> set[str]:
        page = await moderators_browser.get(f"{ADDRESS}?{query}")
        names = re.search(r'<textarea[^>]*name="names"[^>]*>([^<]*)<', page.text)
        assert names, page.text
        return set(names[1].split())

    assert await found("network_of=@Spam1") == {"spam1", "spam2"}, "moderators are left out"
    assert await found("network_of=spam3") == {"spam3"}
    assert await found("network_of=nobody") == set()
    assert await found("resembling=true") == {"spam2"}
    assert await found("resembling=true&network_of=spam3") == set()


async def test_a_wave_is_hidden_and_comes_back_exactly(
    app: Broadside, db: AsyncSession, moderators_browser: Browser, susans_browser: Browser,
    spammers: Mapping[str, User],
) -> None:  # fmt: skip
    # Hidden before by a moderator: that stays.
    (before_id,) = await db.scalars(
        select(Post.id).where(Post.author_id == spammers["spam3"].id).order_by(Post.id).limit(1)
    )
    await moderators_browser.submit(f"/moderate/hide/{before_id}", {"reason": "Earlier"})
    before = await state(db)
    assert (await susans_browser.get(ADDRESS)).status_code == 403
    preview = await act(moderators_browser, act="")
    answer = await moderators_browser.submit(ADDRESS, {k: v for k, v in FORM.items() if k != "act"})
    assert answer.status_code == 200, answer.text
    for words in (
        "Accounts: 3", "Public posts: 4", "Comments: 6", "Held for review: 2", "maud and nobody",
    ):  # fmt: skip
        assert words in answer.text, words
    assert preview.status_code == 302
    act_id = (await db.scalars(select(BulkAct.id))).one()
    await run(app, act_on_some, act_id, steps=2)  # The job is killed in the middle.
    await run(app, act_on_some, act_id)
    shown = select(Post.id).where(Post.hidden_at.is_(None), Post.status == PostStatus.PUBLISHED)
    of_spammers = Post.author_id.in_([user.id for user in spammers.values()])
    assert len((await db.scalars(shown.where(of_spammers))).all()) == 1  # The old one.
    assert await db.scalar(select(HeldItem.id).where(HeldItem.decided_at.is_(None))) is None
    assert len((await db.scalars(select(Measure.id).where(Measure.ended_at.is_(None)))).all()) == 11
    subjects = [mail.subject for mail in await outbox(app)]
    assert sum("Some of what you wrote was hidden" in subject for subject in subjects) == 3
    page = (await moderators_browser.get(f"{ADDRESS}/{act_id}")).text
    assert "<dd>4</dd>" in page and "<dd>6</dd>" in page and "<dd>2</dd>" in page
    # Meanwhile another moderator shows one, hides it again, and so it stays hidden.
    (again_id,) = await db.scalars(
        select(Post.id).where(Post.author_id == spammers["spam1"].id).order_by(Post.id).limit(1)
    )
    await moderators_browser.submit(f"/moderate/show/{again_id}", {"reason": "Hm"})
    await moderators_browser.submit(f"/moderate/hide/{again_id}", {"reason": "Spam after all"})
    for _ in range(2):  # Twice is once.
        await moderators_browser.submit(f"{ADDRESS}/{act_id}/undo", page=f"{ADDRESS}/{act_id}")
    assert "already undone" in (await moderators_browser.get(f"{ADDRESS}/{act_id}")).text
    await run(app, undo_some, act_id, steps=1)
    await run(app, undo_some, act_id)
    after = await state(db)
    assert [row for row in after[0] if row.id != again_id] == [
        row for row in before[0] if row.id != again_id
    ]
    assert not next(row for row in after[0] if row.id == again_id)[2]
    assert after[1:4] == before[1:4]
    async with app.database.session() as session:
        assert not any((await wrong_counts(session)).values())
    log = dict((await db.execute(select(LogEntry.act, LogOpening.value).join(
        LogOpening, LogOpening.number == LogEntry.number
    ).where(LogOpening.fact == "about", LogEntry.act.contains("wave")))).all())  # fmt: skip
    assert log == {
        "act on wave": "accounts: 3, posts: 4, comments: 6, held: 2",
        "undo act on wave": "accounts: 3, posts: 4, comments: 6",
    }


async def test_a_scheduled_post_that_waited_comes_back_with_its_time(
    app: Broadside, db: AsyncSession, moderators_browser: Browser, susans_browser: Browser
) -> None:
    await change_site(app, held_words=("casino",))
    at = (now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    await susans_browser.submit(
        "/write",
        {"title": "A casino", "body": "Later", "schedule": "true", "scheduled_for": at,
         "time_zone": "Europe/Lisbon"},
    )  # fmt: skip
    times = select(Post.status, Post.published_at, Post.scheduled_wall, Post.time_zone)
    before = (await db.execute(times)).all()
    await act(moderators_browser, names="susan")
    await run(app, act_on_some, 1)
    assert (await db.execute(times)).all() == [(PostStatus.DRAFT, None, None, None)]
    await moderators_browser.submit(f"{ADDRESS}/1/undo", page=f"{ADDRESS}/1")
    await run(app, undo_some, 1)
    assert (await db.execute(times)).all() == before
    assert before[0].status == PostStatus.HELD and before[0].time_zone == "Europe/Lisbon"


async def test_accounts_are_disabled_and_deleted_ones_are_skipped(
    app: Broadside, db: AsyncSession, moderators_browser: Browser, spammers: Mapping[str, User]
) -> None:
    ids = [user.id for user in spammers.values()]
    # One was disabled before, and stays so.
    await db.execute(update(User).where(User.id == ids[0]).values(disabled_at=now()))
    await db.commit()
    assert (await act(moderators_browser, disables="true", hides="false")).status_code == 302
    act_id = (await db.scalars(select(BulkAct.id))).one()
    db.add(AccountDeletion(user_id=ids[2]))
    await db.commit()
    await run(app, act_on_some, act_id)
    disabled = select(User.id).where(User.disabled_at.is_not(None)).order_by(User.id)
    assert (await db.scalars(disabled)).all() == ids[:2]
    (mail,) = await outbox(app)
    assert mail.recipient == "spam2@example.com" and "Your account was disabled" in mail.subject
    await moderators_browser.submit(f"{ADDRESS}/{act_id}/undo", page=f"{ADDRESS}/{act_id}")
    await run(app, undo_some, act_id)
    assert (await db.scalars(disabled)).all() == ids[:1]
    # After 30 days it stays.
    await db.execute(update(BulkAct).values(created_at=now() - timedelta(days=31), undone_at=None))
    await db.commit()
    await moderators_browser.submit(f"{ADDRESS}/{act_id}/undo", page=f"{ADDRESS}/{act_id}")
    assert "30 days" in (await moderators_browser.get(f"{ADDRESS}/{act_id}")).text
    await db.execute(delete(User).where(User.id == ids[1]))
    await db.commit()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"names": " "}, "at least one username"), ({"names": "nobody"}, "at least one username"),
     ({"names": "\n".join(f"p{n}" for n in range(201))}, "at most 200"),
     ({"since": ""}, "date and time"), ({"since": "soon"}, "date and time"),
     ({"hides": "false", "refuses": "false"}, "Choose what to do"), ({"reason": ""}, "fill in"),],
)  # fmt: skip
async def test_bad_input_comes_back(
    moderators_browser: Browser, changes: dict[str, str], words: str
) -> None:
    answer = await act(moderators_browser, **changes)
    assert answer.status_code == 422 and words in answer.text
    assert changes.get("reason", "A wave") in answer.text


async def test_as_many_accounts_as_the_form_allows(
    moderators_browser: Browser, spammers: Mapping[str, User]
) -> None:
    others = [f"a-name-that-is-as-long-as-names-may-be-and-{number:021}" for number in range(197)]
    answer = await act(moderators_browser, names="\n".join([*spammers, *others]))
    assert answer.status_code == 302, answer.text


async def test_accounts_are_found_by_when_they_joined(
    moderators_browser: Browser, spammers: Mapping[str, User]
) -> None:
    hour = HOUR_AGO.strftime("%Y-%m-%dT%H:%M")
    page = (await moderators_browser.get(f"{ADDRESS}?joined_from={hour}")).text
    assert "spam3\nspam2\nspam1" in page and "maud\n" not in page
    page = (await moderators_browser.get(f"{ADDRESS}?joined_until={hour}")).text
    assert "No accounts match" in page
    page = (await moderators_browser.get(f"{ADDRESS}?reported=true")).text
    assert "No accounts match" in page
    assert (await moderators_browser.get(f"{ADDRESS}?joined_from=soon")).status_code == 200
