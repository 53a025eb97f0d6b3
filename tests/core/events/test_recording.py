"""What happens on the site is recorded, and heard, in the transaction in which it happens."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

import blog
from blog import create_app
from blog.comments.events import CommentWritten
from blog.core.events import log
from blog.core.events.event import DomainEvent
from blog.core.events.handlers import Handler
from blog.core.web.app import Broadside
from blog.follows.events import PersonFollowed
from blog.models import Comment, Email, Post, User
from blog.posts.events import PostPublished
from settings import Settings
from tests.admin.test_account import form_of
from tests.posts.test_posts import add_posts
from tests.support import PASSWORD, Browser, link_in, outbox

MakeUser = Callable[..., Awaitable[User]]
NEWCOMER = {
    "email": "ann@example.com", "username": "ann", "password": PASSWORD, "password2": PASSWORD,
}  # fmt: skip


async def events(app: Broadside) -> list[tuple[str, dict[str, Any]]]:
    """The kind and the payload of each event so far."""
    async with app.database.reading_session() as session:
        return [(entry.kind, entry.payload) for entry in await log.read(session, None, 1000)]


async def test_events_of_posts_comments_and_follows_are_recorded(
    app: Broadside, susans_browser: Browser, susan: User, make_user: MakeUser
) -> None:
    david = await make_user("david")
    async with Browser(app) as davids_browser:
        await davids_browser.log_in("david")
        await susans_browser.submit("/", {"body": "Hello"})
        await susans_browser.submit("/edit/1", {"body": "Hello!", "version": "1"})
        await davids_browser.submit("/post/1", {"body": "Hello Susan"})
        await davids_browser.submit("/comment/1/edit", {"body": "Hello, Susan"})
        await davids_browser.submit("/comment/1/delete")
        await davids_browser.submit("/follow/susan", page="/user/susan")
        await davids_browser.submit("/follow/susan", page="/user/susan")
        await davids_browser.submit("/unfollow/susan", page="/user/susan")
        await susans_browser.submit("/delete/1")
    comment = {"comment_id": 1, "post_id": 1, "author_id": david.id}
    pair = {"follower_id": david.id, "followed_id": susan.id}
    assert await events(app) == [
        ("PostPublished", {"post_id": 1, "author_id": susan.id}),
        ("PostChanged", {"post_id": 1, "author_id": susan.id, "changed_by": susan.id}),
        ("CommentWritten", comment | {"parent_id": None}),
        ("CommentChanged", comment),
        ("CommentDeleted", comment),
        ("PersonFollowed", pair),
        ("PersonUnfollowed", pair),
        ("PostDeleted", {"post_id": 1, "author_id": susan.id, "deleted_by": susan.id}),
    ]


async def test_events_of_moderation_are_recorded(
    app: Broadside, susans_browser: Browser, susan: User, make_user: MakeUser
) -> None:
    maud = await make_user("maud", role="Moderator")
    await susans_browser.submit("/", {"body": "Hello"})
    await susans_browser.submit("/post/1", {"body": "Nobody?"})
    async with Browser(app) as mauds_browser:
        await mauds_browser.log_in("maud")
        await mauds_browser.submit("/report/post/1", {"reason": "Spam"})
        await mauds_browser.submit("/report/comment/1", {"reason": "Rude"})
        await mauds_browser.submit("/moderate/hide/1", {"reason": "Spam"})
        await mauds_browser.submit("/moderate/show/1", {"reason": "No spam"})
        await mauds_browser.submit("/moderate/disable/1", {"reason": "Rude"})
        await mauds_browser.submit("/moderate/enable/1", {"reason": "Not rude"})
    post = {
        "post_id": 1, "author_id": susan.id, "moderator_id": maud.id, "with_everything": False,
    }  # fmt: skip
    about_post = {"report_id": 1, "reporter_id": maud.id}
    about_comment = {"report_id": 2, "reporter_id": maud.id}
    comment = post | {"comment_id": 1}
    assert (await events(app))[2:] == [
        ("PostReported", about_post | {"post_id": 1}),
        ("CommentReported", about_comment | {"comment_id": 1}),
        ("ReportClosed", about_post | {"moderator_id": maud.id}),
        ("PostHidden", post),
        ("PostShown", post),
        ("ReportClosed", about_comment | {"moderator_id": maud.id}),
        ("CommentDisabled", comment),
        ("CommentEnabled", comment),
    ]


async def test_events_of_accounts_are_recorded(
    app: Broadside, browser: Browser, make_user: MakeUser
) -> None:
    await make_user("root", role="Administrator")
    await browser.submit("/auth/register", NEWCOMER)
    link = link_in((await outbox(app))[0])
    for _ in range(2):
        await browser.submit(link, page="/auth/sessions")
    async with Browser(app) as roots_browser, app.database.session() as session:
        await roots_browser.log_in("root")
        ann = (await session.scalars(select(User).where(User.username == "ann"))).one()
        for act, form in (
            ("role", {"role": "Moderator", "reason": "Helps"}),
            ("disable", {"reason": "Spam"}),
            ("enable", {}),
        ):
            address = f"/admin/users/{ann.id}/{act}"
            await roots_browser.submit(address, form, page="/admin/users")
        await session.refresh(ann, ["role"])
        form = form_of(ann) | {"role": "User"}
        await roots_browser.submit(f"/edit-profile/{ann.id}", form)
    await browser.log_in("ann")
    await browser.submit("/auth/delete-account", {"password": PASSWORD})
    await browser.submit(link_in((await outbox(app))[-1]))
    happened = await events(app)
    assert [kind for kind, _ in happened] == [
        "AccountRegistered", "AccountConfirmed", "RoleChanged", "AccountDisabled",
        "AccountEnabled", "RoleChanged", "AccountDeleted",
    ]  # fmt: skip
    assert all(payload == {"user_id": ann.id} for _, payload in happened)


async def test_a_form_sent_twice_is_recorded_once(app: Broadside, susans_browser: Browser) -> None:
    form = {"body": "Hello", "submission": "once", "csrf_token": await susans_browser.token("/")}
    for address in ("/", "/", "/post/1", "/post/1"):
        assert (await susans_browser.post(address, data=form)).status_code == 302
    assert [kind for kind, _ in await events(app)] == ["PostPublished", "CommentWritten"]


async def test_refused_actions_record_no_event(
    app: Broadside, susans_browser: Browser, db: AsyncSession, make_user: MakeUser
) -> None:
    await add_posts(db, await make_user("david"), 1)
    assert (await susans_browser.submit("/delete/1", page="/")).status_code == 403
    assert (await susans_browser.submit("/follow/susan", page="/")).status_code == 302
    assert await events(app) == []


def with_handlers(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, *handlers: Handler
) -> Broadside:
    """An application whose events are heard by these handlers."""
    monkeypatch.setattr(blog, "EVENT_HANDLERS", handlers)
    return create_app(settings)


async def test_a_handler_writes_in_the_transaction_of_its_event(
    app: Broadside, susan: User, make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch, db: AsyncSession,
) -> None:  # fmt: skip
    heard: list[DomainEvent] = []

    async def write(session: AsyncSession, events: Sequence[DomainEvent]) -> None:
        heard.extend(events)
        await session.execute(update(User).where(User.id == susan.id).values(name="Heard"))

    handlers = [Handler(event, write) for event in (PostPublished, CommentWritten, PersonFollowed)]
    async with (
        with_handlers(monkeypatch, make_settings(), *handlers).test_app() as other,
        Browser(other.app) as visitor,
    ):
        await visitor.log_in("susan")
        await visitor.submit("/", {"body": "Hello"})
        assert await db.scalar(select(User.name)) == "Heard"
        assert heard == [PostPublished(1, susan.id)]
        await visitor.submit("/post/1", {"body": "Hello"})
        assert heard[1:] == [CommentWritten(1, 1, susan.id, None)]


async def test_a_failing_handler_rolls_the_transaction_back(
    app: Broadside, susan: User, make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch, db: AsyncSession,
) -> None:  # fmt: skip
    async def fail(session: AsyncSession, events: Sequence[DomainEvent]) -> None:
        raise RuntimeError("out of order")

    handlers = [Handler(event, fail) for event in (PostPublished, CommentWritten)]
    async with (
        with_handlers(monkeypatch, make_settings(), *handlers).test_app() as other,
        Browser(other.app) as visitor,
    ):
        await visitor.log_in("susan")
        assert (await visitor.submit("/", {"body": "Hello"})).status_code == 500
        await add_posts(db, susan, 1)
        answer = await visitor.submit("/post/2", {"body": "Hello"})
        assert answer.status_code == 500, answer.text
    assert (await db.scalars(select(Post.body))).all() == ["Post 1"]
    assert (await db.scalars(select(Comment))).all() == []
    assert await events(app) == []


async def test_administrators_are_notified_of_new_accounts_only(
    browser: Browser, app: Broadside, make_settings: Callable[..., Settings], db: AsyncSession
) -> None:
    settings = make_settings(admin_email=["root@example.com"])
    async with create_app(settings).test_app() as other:
        for form in (NEWCOMER, NEWCOMER | {"email": "other@example.com"}):
            async with Browser(other.app) as visitor:
                await visitor.submit("/auth/register", form)
    mails = await db.scalars(select(Email.recipient).order_by(Email.recipient))
    assert mails.all() == ["ann@example.com", "root@example.com"]


def test_an_event_of_many_rows_names_all_fields() -> None:
    with pytest.raises(TypeError):
        PostPublished.insert(post_id="id")
    with pytest.raises(TypeError):
        PostPublished.insert(post_id="id", author_id="author_id", title="title")
