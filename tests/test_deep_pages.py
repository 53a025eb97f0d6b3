"""Far from its beginning a list has no numbered pages; from the last one a cursor leads on."""

import base64
import re
from collections.abc import Awaitable, Callable
from html import unescape

import pytest
from markupsafe import escape
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from blog.core.db.pagination import DEEPEST_PAGE
from blog.core.web.app import Broadside
from blog.follows.service import FOLLOWS_ENOUGH, MOST_FOLLOWED
from blog.models import Follow, User
from tests.api.support import Client, add_token
from tests.support import Browser, add_user

MakeUser = Callable[..., Awaitable[User]]
NEXT = re.compile(r'rel="next" href="([^"]+)"')

PEOPLE = """
    INSERT INTO users (username, email, password_hash, role_id, confirmed_at)
    SELECT 'user' || n, 'mail' || n || '@example.com', '', :role, now()
    FROM generate_series(1, 1200) AS n
"""
POSTS = """
    INSERT INTO posts (author_id, body, body_html, renderer_version)
    SELECT :hub, 'post ' || n, 'x', 1 FROM generate_series(1, 10030) AS n
"""
FOLLOWS = """
    INSERT INTO follows (follower_id, followed_id, created_at)
    SELECT id, :hub, now() - id * interval '1 second' FROM users WHERE id > :hub
"""
AUDIT = """
    INSERT INTO audit_entries (actor_name, act, subject_name)
    SELECT 'root', 'disable account', 'entry' || n || '.' FROM generate_series(1, 620) AS n
"""
MAILS = """
    INSERT INTO emails
        (message_id, purpose, recipient, subject, text, html, state, attempts, created_at)
    SELECT gen_random_uuid(), 'confirm', 'to' || n || '@example.com', 'x', 'x', 'x', 'failed', 1,
        now() - n / 7 * interval '1 minute'
    FROM generate_series(1, 620) AS n
"""


@pytest.fixture
async def hub(app: Broadside, own_engine: AsyncEngine) -> User:
    """An administrator, who has long lists of everything."""
    hub = await add_user(app, "hub", role="Administrator")
    async with own_engine.begin() as connection:
        role = await connection.scalar(text("SELECT id FROM roles WHERE is_default"))
        await connection.execute(text(PEOPLE), {"role": role})
        for statement in (POSTS, FOLLOWS, AUDIT, MAILS):
            values = {"hub": hub.id} if ":hub" in statement else {}
            await connection.execute(text(statement), values)
    return hub


def cursor(text_: str) -> str:
    """What looks like a cursor, with any text inside."""
    return base64.urlsafe_b64encode(text_.encode()).decode().rstrip("=")


async def shown(visitor: Browser, address: str, what: str) -> list[str]:
    """What a list shows from `address` on, by its own links onward."""
    found: list[str] = []
    while address:
        answer = await visitor.get(address)
        assert answer.status_code == 200, address
        found += re.findall(what, answer.text, re.DOTALL)
        onward = NEXT.search(answer.text)
        address = unescape(onward[1]) if onward else ""
    return found


async def test_the_lists_of_administrators_show_each_row_once(app: Broadside, hub: User) -> None:
    async with Browser(app) as admin:
        await admin.log_in("hub")
        entries = await shown(admin, "/admin/audit", r"entry\d+\.")
        assert entries == [f"entry{number}." for number in range(620, 0, -1)]
        mails = await shown(admin, "/admin/mail", r"to\d+@example\.com")
        assert len(mails) == 620
        assert len(set(mails)) == 620
        name = r'<th scope="row">.*?href="/user/([^"]+)"'
        people = await shown(admin, "/admin/users", name)
        assert people == sorted(["hub", *(f"user{number}" for number in range(1, 1201))])
        # Nobody's name begins like this, but everybody's address.
        assert len(await shown(admin, "/admin/users?q=mail", name)) == 1200
        assert sorted(await shown(admin, "/admin/users?q=u&role=User", name)) == people[1:]
        for address in ("/admin/audit", "/admin/mail", "/admin/users"):
            answer = await admin.get(f"{address}?page=11")
            assert answer.status_code == 404
            assert "go up to 10" in answer.text
            for absurd in ("@@", cursor("[1]"), cursor('[0,"\\u0000"]'), cursor('[0,"\\ud800"]')):
                answer = await admin.get(f"{address}?before={absurd}")
                assert answer.status_code in ({200, 404} if absurd == cursor("[1]") else {404})


async def test_who_fits_by_name_comes_before_who_fits_by_address(
    app: Broadside, db: AsyncSession, make_user: MakeUser
) -> None:
    for name in ("zoe", "anna", "Anton"):
        await make_user(name)
    await db.execute(update(User).where(User.username == "zoe").values(email="anna@example.org"))
    await db.commit()
    await make_user("root", role="Administrator")
    async with Browser(app) as admin:
        await admin.log_in("root")
        found = await shown(admin, "/admin/users?q=AN", r'<th scope="row">.*?/user/([^"]+)"')
    assert found == ["anna", "Anton", "zoe"]


async def test_a_cursor_leads_on_from_the_last_numbered_page(app: Broadside, hub: User) -> None:
    async with Client(app, token=await add_token(app, hub)) as client:
        for path, name, total in (
            ("/users/hub/posts/", "posts", 10030),
            ("/users/hub/timeline/", "posts", 10030),
            ("/users/hub/followers/", "users", 1200),
        ):
            last = (await client.get(f"{path}?per_page=1&page={DEEPEST_PAGE}")).json()
            assert "cursor=" in last["next"]
            assert last["count"] == total
            onward = (await client.get(last["next"])).json()
            assert onward[name][0]["id"] != last[name][0]["id"]
            if name == "posts":
                assert onward[name][0]["id"] == last[name][0]["id"] - 1
            answer = await client.get(f"{path}?per_page=1&page={DEEPEST_PAGE + 1}")
            assert answer.status_code == 404
            assert "go up to 500" in answer.json()["detail"]
            past = await client.get(f"{path}?page=9999999999")
            assert (past.status_code, past.json()[name]) == (200, [])


async def test_a_page_leads_on_from_the_last_numbered_one(app: Broadside, hub: User) -> None:
    async with Browser(app) as visitor:
        await visitor.log_in("hub")
        visitor.cookies.set("__Host-tab", "followed")
        for path in ("/user/hub", "/"):
            last = await visitor.get(f"{path}?page={DEEPEST_PAGE}")
            onward = NEXT.search(last.text)
            assert onward
            assert "before=" in onward[1]
            page = await visitor.get(unescape(onward[1]))
            assert page.status_code == 200
            assert len(re.findall(r'href="/post/(\d+)"', page.text)) >= 20
            assert "First page" in page.text
            assert NEXT.search(page.text)
            assert (await visitor.get(f"{path}?before=nonsense")).status_code == 404


async def test_nobody_follows_more_than_ten_thousand(
    app: Broadside, db: AsyncSession, make_user: MakeUser
) -> None:
    susan, bob, anna = [await make_user(name) for name in ("susan", "bob", "anna")]
    db.add(Follow(follower_id=susan.id, followed_id=anna.id))
    await db.commit()
    await db.execute(update(User).where(User.id == susan.id).values(following_count=MOST_FOLLOWED))
    await db.commit()
    refusal = str(FOLLOWS_ENOUGH.with_values(most=f"{MOST_FOLLOWED:,}"))
    async with Client(app, token=await add_token(app, susan)) as client:
        answer = await client.put(f"/users/{bob.id}/follow")
        assert (answer.status_code, refusal in answer.text) == (409, True)
        assert (await client.put(f"/users/{anna.id}/follow")).status_code == 204
    async with Browser(app) as visitor:
        await visitor.log_in("susan")
        await visitor.submit("/follow/bob", page="/user/bob")
        assert escape(refusal) in (await visitor.get("/user/bob")).text
