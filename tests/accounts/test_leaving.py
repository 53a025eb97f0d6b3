"""Deleting one's account."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment, Email, Follow, LoginSession, Post, User
from blog.models.account_deletion import not_deleted
from blog.posts.counts import wrong_counts
from tests.accounts.deletions import finish_deletions
from tests.api.support import Client
from tests.support import PASSWORD, Browser, link_in, outbox

MakeUser = Callable[..., Awaitable[User]]
DELETE = "/auth/delete-account"


async def mailed_link(app: Broadside, visitor: Browser) -> str:
    """Request the deletion with the password, and return the mails."""
    answer = await visitor.submit(DELETE, {"password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (302, DELETE)
    mail = (await outbox(app))[-1]
    assert mail.purpose == "delete_account"
    return link_in(mail)


async def people(db: AsyncSession) -> list[str]:
    return list(
        await db.scalars(select(User.username).where(not_deleted(User.id)).order_by(User.id))
    )


def post_by(user: User, **values: Any) -> Post:
    return Post(author_id=user.id, body="x", body_html="<p>x</p>", renderer_version=1, **values)


def comment_by(user: User, post: Post) -> Comment:
    return Comment(
        author_id=user.id, post_id=post.id, body="x", body_html="<p>x</p>", renderer_version=1
    )


async def test_an_account_is_deleted_by_the_button_behind_the_link(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    link = await mailed_link(app, susans_browser)
    page = await susans_browser.get(link)
    assert page.status_code == 200
    assert await people(db) == ["susan"], "looking deletes nothing"

    answer = await susans_browser.submit(link)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert await people(db) == []
    home = (await susans_browser.get("/")).text
    assert "Your account has been deleted" in home
    assert "Log in" in home
    assert (await susans_browser.get(link)).headers["location"].startswith("/auth/login")


async def test_everything_goes_and_the_counts_of_the_others_are_right(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession, make_user: MakeUser
) -> None:
    others = [await make_user(f"user{number}") for number in range(5)]
    posts = [post_by(other) for other in (*others, susan, susan)]
    db.add_all(posts)
    await db.flush()
    db.add_all(comment_by(susan, post) for post in posts[:3] for _ in range(2))
    db.add_all(comment_by(others[0], post) for post in posts)
    db.add_all(Follow(follower_id=other.id, followed_id=susan.id) for other in others)
    db.add_all(Follow(follower_id=susan.id, followed_id=other.id) for other in others[:2])
    db.add(Follow(follower_id=others[0].id, followed_id=others[1].id))
    await db.commit()

    await susans_browser.submit(await mailed_link(app, susans_browser))
    await finish_deletions(app)

    assert await people(db) == [other.username for other in others]
    for table in (Post, Comment, LoginSession, Email):
        left = await db.scalar(select(func.count()).select_from(table))
        assert left == {Post: 5, Comment: 5, LoginSession: 0, Email: 0}[table]
    counts = await db.execute(
        select(User.post_count, User.follower_count, User.following_count).order_by(User.id)
    )
    assert [tuple(row) for row in counts] == [
        (1, 0, 1), (1, 1, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0)
    ]  # fmt: skip
    assert set(await db.scalars(select(Post.comment_count))) == {1}


@pytest.mark.parametrize("password", ["or password", "", "p" * 129])
async def test_without_the_password_there_is_no_link(
    app: Broadside, susans_browser: Browser, password: str
) -> None:
    answer = await susans_browser.submit(DELETE, {"password": password})
    assert answer.status_code == 422
    assert await outbox(app) == []


async def test_the_password_cannot_be_guessed_here_either(susans_browser: Browser) -> None:
    statuses = [
        (await susans_browser.submit(DELETE, {"password": "or password"})).status_code
        for _ in range(11)
    ]
    assert statuses == [422] * 10 + [429]


async def test_a_link_that_does_not_hold_deletes_nothing(
    app: Broadside, susans_browser: Browser, db: AsyncSession, make_user: MakeUser
) -> None:
    link = await mailed_link(app, susans_browser)
    await make_user("bob")
    async with Browser(app) as bobs_browser:
        await bobs_browser.log_in("bob")
        for visitor, wrong in (
            (susans_browser, link[:-1]),
            (susans_browser, f"{DELETE}/{'x' * 40}"),
            (bobs_browser, link),
        ):
            assert (await visitor.get(wrong)).status_code == 400
            answer = await visitor.submit(wrong, page=DELETE)
            assert answer.status_code == 400
            assert "Nothing has changed" in answer.text
    assert await people(db) == ["susan", "bob"]


@pytest.mark.parametrize("change", [{"email": "sue@example.com"}, {"password_hash": "another"}])
async def test_a_link_dies_with_the_credentials_that_asked_for_it(
    app: Broadside, susans_browser: Browser, db: AsyncSession, change: dict[str, str]
) -> None:
    link = await mailed_link(app, susans_browser)
    await db.execute(update(User).values(change))
    await db.commit()
    assert (await susans_browser.submit(link, page=DELETE)).status_code == 400
    assert await people(db) == ["susan"]


async def test_a_link_from_another_purpose_deletes_nothing(
    app: Broadside, susans_browser: Browser, susan: User
) -> None:
    token = app.links.sign("confirm", {"user": susan.id, "email": susan.email})
    assert (await susans_browser.get(f"{DELETE}/{token}")).status_code == 400


async def test_the_link_alone_is_not_enough(
    app: Broadside, susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    link = await mailed_link(app, susans_browser)
    assert (await browser.get(link)).headers["location"].startswith("/auth/login")
    answer = await browser.submit(link, page="/auth/login")
    assert answer.headers["location"].startswith("/auth/login")
    assert await people(db) == ["susan"]


async def test_deleting_twice_at_once_is_one_deletion(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    link = await mailed_link(app, susans_browser)
    form = {"csrf_token": await susans_browser.token(link)}
    answers = await asyncio.gather(*(susans_browser.post(link, data=form) for _ in range(3)))
    assert all(answer.status_code in {302, 400} for answer in answers)
    assert await people(db) == []


async def test_an_unconfirmed_person_can_leave_too(
    app: Broadside, browser: Browser, db: AsyncSession, make_user: MakeUser
) -> None:
    await make_user("new", confirmed=False)
    await browser.log_in("new")
    await browser.submit(await mailed_link(app, browser))
    assert await people(db) == []


async def test_the_last_administrator_cannot_leave(
    app: Broadside, browser: Browser, db: AsyncSession, make_user: MakeUser
) -> None:
    await make_user("root", role="Administrator")
    await browser.log_in("root")
    answer = await browser.submit(DELETE, {"password": PASSWORD})
    assert answer.status_code == 422
    assert "only administrator" in answer.text

    await make_user("admin", role="Administrator")
    link = await mailed_link(app, browser)
    await db.execute(update(User).where(User.username == "admin").values(confirmed_at=None))
    await db.commit()
    await browser.submit(link)
    assert await people(db) == ["root", "admin"]
    assert "only administrator" in (await browser.get(DELETE)).text


async def test_of_two_last_administrators_who_leave_at_once_one_stays(
    app: Broadside, db: AsyncSession, make_user: MakeUser
) -> None:
    async with Browser(app) as one, Browser(app) as other:
        forms = []
        for name, visitor in (("one", one), ("other", other)):
            await make_user(name, role="Administrator")
            await visitor.log_in(name)
        for visitor in (one, other):
            link = await mailed_link(app, visitor)
            forms.append((visitor, link, {"csrf_token": await visitor.token(link)}))
        await asyncio.gather(*(visitor.post(link, data=form) for visitor, link, form in forms))
    assert len(await people(db)) == 1


async def test_people_who_follow_one_another_leave_at_the_same_moment(
    app: Broadside, db: AsyncSession, make_user: MakeUser
) -> None:
    browsers = [Browser(app) for _ in range(6)]
    users = [await make_user(f"user{number}") for number in range(6)]
    stays = await make_user("stays")
    posts = [post_by(user) for user in (*users, stays)]
    db.add_all(posts)
    await db.flush()
    db.add_all(comment_by(user, post) for user in users for post in posts)
    everybody = [*users, stays]
    db.add_all(
        Follow(follower_id=one.id, followed_id=other.id)
        for one in everybody
        for other in everybody
        if one is not other
    )
    await db.commit()
    forms = []
    for user, visitor in zip(users, browsers, strict=True):
        await visitor.log_in(user.username)
        link = await mailed_link(app, visitor)
        forms.append((visitor, link, {"csrf_token": await visitor.token(link)}))
    answers = await asyncio.gather(*(v.post(link, data=form) for v, link, form in forms))
    assert [answer.status_code for answer in answers] == [302] * 6
    await asyncio.gather(*(finish_deletions(app) for _ in range(3)))
    left = (await db.scalars(select(User).execution_options(populate_existing=True))).one()
    assert (left.username, left.follower_count, left.following_count) == ("stays", 0, 0)
    assert (await db.scalars(select(Post.comment_count))).all() == [0]
    for visitor in browsers:
        await visitor.aclose()


async def test_a_person_leaves_whose_own_programs_go_on_writing(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession, make_user: MakeUser
) -> None:
    post = post_by(await make_user("bob"))
    db.add(post)
    await db.commit()
    link = await mailed_link(app, susans_browser)
    form = {"csrf_token": await susans_browser.token(link)}
    statuses, has_answer = set(), asyncio.Event()

    async def write_for_ever(number: int) -> None:
        async with Client(app, auth=(susan.email, PASSWORD)) as client:
            bearer = {"Authorization": f"Bearer {(await client.get('/token')).json()['token']}"}
        async with Client(app, headers=bearer) as client:
            answer = await client.post("/posts/", json={"body": f"{number}"})
            while answer.status_code != 401 and not has_answer.is_set():
                address = answer.json().get("comments_url", f"/posts/{post.id}/comments/")
                for path in (address, "/posts/"):
                    answer = await client.post(path, json={"body": f"{number}"})
                    statuses.add(answer.status_code)

    writers = [asyncio.create_task(write_for_ever(number)) for number in range(5)]
    async with asyncio.timeout(60):
        while (await db.scalar(select(func.count(Post.id))) or 0) < 20:
            await db.commit()
            await asyncio.sleep(0.01)
    answer = await susans_browser.post(link, data=form)
    has_answer.set()
    await asyncio.gather(*writers)
    assert answer.status_code == 302
    assert statuses <= {201, 401, 404}
    await finish_deletions(app)
    assert not any((await wrong_counts(db)).values())
    assert (await db.scalars(select(User.username))).all() == ["bob"]
