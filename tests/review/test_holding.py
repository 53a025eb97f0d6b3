"""What the rules hold for review, by every way to publish."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.api.links import PREFIXES
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, HeldItem, HeldKind, LoggedEvent, Post, PostStatus, User
from blog.posts.publication import publish_due_posts
from tests.api.support import Client, add_token
from tests.support import Browser, change_site

PREFIX = PREFIXES["v1"]
CLEAN = "Nothing much happened today."


class Site(NamedTuple):
    """A site with rules, a post by its author susan, and who tries."""

    app: Broadside
    browser: Browser
    api: Client
    db: AsyncSession
    post: Post
    comment: Comment

    async def submit(self, address: str, page: str | None = None, **form: str) -> httpx.Response:
        answer = await self.browser.submit(address, form, page=page)
        assert answer.status_code == 302, answer.text
        return answer


Way = Callable[[Site, str], Awaitable[Any]]


async def by_note(site: Site, text: str) -> None:
    await site.submit("/", body=text)


async def by_editor(site: Site, text: str) -> None:
    await site.submit("/write", title="A title", body=text, publish="true")


async def by_title(site: Site, text: str) -> None:
    await site.submit("/write", title=text[:190], body=CLEAN, publish="true")


async def by_schedule(site: Site, text: str) -> None:
    await site.submit(
        "/write", title="Later", body=text, schedule="true", time_zone="UTC",
        scheduled_for=(now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip


async def by_draft_and_button(site: Site, text: str) -> None:
    await site.submit("/write", title="Draft", body=text, save="true")
    post_id = await newest(site, Post.id)
    await site.submit(f"/post/{post_id}/state", page="/write", status="published")


async def by_api(site: Site, text: str) -> None:
    answer = await site.api.post("/posts/", json={"body": text, "title": "From a program"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] in {"held", "published"}
    assert (await site.api.get(answer.headers["Location"])).json()["body"] == text


async def by_api_draft(site: Site, text: str) -> None:
    answer = await site.api.post("/posts/", json={"body": text, "status": "draft"})
    await site.api.patch(answer.headers["Location"], json={"status": "published"})


async def by_edit(site: Site, text: str) -> None:
    address = f"/edit/{site.post.id}"
    page = (await site.browser.get(address)).text
    version = page.split('name="version" value="')[1].split('"')[0]
    await site.submit(address, body=text, title="", version=version, publish="true")


async def by_api_edit(site: Site, text: str) -> None:
    answer = await site.api.patch(f"/posts/{site.post.id}", json={"body": text})
    assert answer.status_code in {200, 202}
    assert (answer.status_code == 202) == (answer.json()["body"] != text)


async def by_comment(site: Site, text: str) -> None:
    await site.submit(f"/post/{site.post.id}", body=text)


async def by_reply(site: Site, text: str) -> None:
    await site.submit(f"/post/{site.post.id}", body=text, reply_to=str(site.comment.id))


async def by_api_comment(site: Site, text: str) -> None:
    answer = await site.api.post(f"/posts/{site.post.id}/comments/", json={"body": text})
    assert answer.status_code in {201, 202}, answer.text
    assert (await site.api.get(answer.headers["Location"])).json()["body"] == text
    assert (answer.status_code == 202) == (answer.json().get("status") == "held")


async def by_comment_edit(site: Site, text: str) -> None:
    await site.submit(f"/comment/{site.comment.id}/edit", body=text)


async def by_api_comment_edit(site: Site, text: str) -> None:
    answer = await site.api.patch(f"/comments/{site.comment.id}", json={"body": text})
    assert answer.status_code in {200, 202}


POSTS: list[Way] = [
    by_note, by_editor, by_title, by_schedule, by_draft_and_button, by_api, by_api_draft,
]  # fmt: skip
EDITS: list[Way] = [by_edit, by_api_edit]
COMMENTS: list[Way] = [by_comment, by_reply, by_api_comment]
COMMENT_EDITS: list[Way] = [by_comment_edit, by_api_comment_edit]
KINDS: dict[Way, HeldKind] = {
    **dict.fromkeys(POSTS, HeldKind.POST),
    **dict.fromkeys(EDITS, HeldKind.EDIT),
    **dict.fromkeys(COMMENTS, HeldKind.COMMENT),
    **dict.fromkeys(COMMENT_EDITS, HeldKind.COMMENT_EDIT),
}
# The rules, a text that each holds, and one that it lets pass.
RULES: list[tuple[dict[str, Any], str, str]] = [
    ({"held_words": ("cheap pills", "casino")}, "Buy CHEÄP\u200b PILLS {n}", "Cheap, but no pills"),
    ({"held_words": ("赌场",)}, "最好的赌场在这里 {n}", "最好的"),
    ({"held_domains": ("spam.example",)}, "<https://www.spam.example/x{n}>", "<https://a.example>"),
    ({"held_domains": ("spam.example",)}, "Go to Spam.Example now {n}", "notspam.example"),
    # As browsers read addresses, and people words.
    ({"held_domains": ("spam.example",)}, "[x](https:///%73pam.example/{n})", "[x](/%73/spam)"),
    (
        {"held_words": ("casino",)},
        "A cas\U000e0041i\u180bn\u3164o {n}",
        "[x](https://a%00b.example)",
    ),
    ({"hold_links": True}, "See [this](https://a.example/{n})", "See https://blog.test/about"),
    ({"hold_first_posts": True}, "Anything {n}", ""),
]


async def newest(site: Site, column: Any) -> Any:
    return await site.db.scalar(select(column).order_by(column.class_.id.desc()).limit(1))


@pytest.fixture
async def site(
    app: Broadside, susans_browser: Browser, db: AsyncSession, post: Post, susan: User
) -> Any:
    """The author has a post and a comment, from before there were rules."""
    comment = Comment(
        post_id=post.id, author_id=susan.id, body="Mine", body_html="Mine", renderer_version=1
    )
    db.add(comment)
    await db.commit()
    token = await add_token(app, susan)
    async with Client(app, token=token) as api:
        yield Site(app, susans_browser, api, db, post, comment)


@pytest.mark.parametrize(("rules", "held", "passes"), RULES)
async def test_each_rule_holds_by_every_way_to_publish(
    site: Site, browser: Browser, rules: dict[str, Any], held: str, passes: str
) -> None:
    await change_site(site.app, **rules)
    public = await public_state(site, browser)
    for number, (way, kind) in enumerate(KINDS.items()):
        if way is by_title and ("hold_links" in rules or "](" in held):
            continue  # It has no links.
        events = await newest(site, LoggedEvent.id)
        await way(site, held.replace("{n}", f"{number:03}"))
        item = (await site.db.scalars(select(HeldItem).order_by(HeldItem.id.desc()).limit(1))).one()
        assert item.kind == kind and item.waits, way.__name__
        assert await public_state(site, browser) == public, way.__name__
        # Nobody is told of it, and no consumer of events.
        assert await newest(site, LoggedEvent.id) == events, way.__name__
        if kind == HeldKind.POST:
            assert await newest(site, Post.status) == PostStatus.HELD
    waiting = (await site.browser.get("/waiting")).text
    assert "Waiting for review" in waiting and waiting.count('id="held-') >= len(POSTS)
    if passes:
        for way in (by_note, by_edit, by_comment, by_comment_edit):
            count = await newest(site, HeldItem.id)
            await way(site, passes)
            assert (await newest(site, HeldItem.id) or 0) <= count, way.__name__
        assert await public_state(site, browser) != public


async def public_state(site: Site, browser: Browser) -> list[Any]:
    """What a stranger sees of posts, comments and counts."""
    state: list[Any] = []
    for address in (
        f"{PREFIX}/posts/", f"{PREFIX}/comments/", f"{PREFIX}/users/susan",
        f"{PREFIX}/posts/{site.post.id}", f"{PREFIX}/search/?q=pills OR this OR anything",
    ):  # fmt: skip
        found = (await browser.get(address)).json()
        found.pop("last_seen", None)
        state.append(found)
    return state


async def test_who_is_not_held(site: Site, moderators_browser: Browser) -> None:
    await change_site(
        site.app, hold_first_posts=True, held_words=("casino",), hold_established=False, new_posts=2
    )
    answer = await moderators_browser.submit("/", {"body": "A casino, say moderators"})
    assert "/post/" in answer.headers["Location"]
    assert await newest(site, Post.status) == PostStatus.PUBLISHED
    await by_note(site, "Still new")
    assert await newest(site, Post.status) == PostStatus.HELD
    # Known for long, with a post and a comment.
    async with site.app.database.session() as session:
        long_ago = now() - timedelta(days=30)
        await session.execute(update(User).values(confirmed_at=long_ago))
        await session.commit()
    await by_note(site, "A casino, say established people")
    assert await newest(site, Post.status) == PostStatus.PUBLISHED
    await change_site(site.app, hold_established=True)
    await by_note(site, "Another casino")
    assert await newest(site, Post.status) == PostStatus.HELD


async def test_scheduled_posts_are_looked_at_again(site: Site) -> None:
    await by_schedule(site, "A casino")
    await by_schedule(site, "A bakery")
    await change_site(site.app, held_words=("casino",))
    async with site.app.database.session() as session:
        await session.execute(
            update(Post)
            .where(Post.status == "scheduled")
            .values(published_at=now() - timedelta(minutes=1))
        )
        await session.commit()
    async with site.app.app_context(), site.app.database.session() as session:
        assert await publish_due_posts(session, now(), holds_anything=True) == 2
    statuses = await site.db.execute(select(Post.body, Post.status).order_by(Post.id.desc()))
    assert dict(statuses.all()[:2]) == {"A bakery": "published", "A casino": "held"}  # type: ignore[arg-type]


async def test_an_author_takes_back_and_changes_what_waits(site: Site, browser: Browser) -> None:
    await change_site(site.app, held_words=("casino",))
    await by_comment(site, "A casino")
    item_id = await newest(site, HeldItem.id)
    await site.submit(f"/waiting/{item_id}", body="The same casino")
    assert "The same casino" in (await site.browser.get("/waiting")).text
    assert (await browser.get(f"/waiting/{item_id}")).status_code == 302
    held = await site.api.get(f"/me/held/{item_id}")
    assert held.json()["body"] == "The same casino"
    assert len((await site.api.get("/me/held/")).json()["held"]) == 1
    assert (await site.api.delete(f"/me/held/{item_id}")).status_code == 204
    assert (await site.api.delete(f"/me/held/{item_id}")).status_code == 404
    await site.submit(f"/waiting/{item_id}/withdraw", page="/waiting")
    # A post becomes a draft, or is published once nothing holds it.
    await by_editor(site, "A casino")
    post_id = await newest(site, Post.id)
    assert "is waiting for a moderator" in (await site.browser.get(f"/post/{post_id}/a-title")).text
    assert (await browser.get(f"/post/{post_id}")).status_code == 404
    await site.submit(f"/post/{post_id}/state", page="/write", status="draft")
    assert await newest(site, HeldItem.id) is None
    await site.submit(f"/post/{post_id}/state", page="/write", status="published")
    assert await newest(site, HeldItem.id) is not None
    await site.api.patch(f"/posts/{post_id}", json={"body": "A bakery"})
    await site.api.patch(f"/posts/{post_id}", json={"status": "published"})
    assert await newest(site, HeldItem.id) is None
    assert (await browser.get(f"/post/{post_id}")).status_code in {200, 301}
    # An edit that passes takes the place of one that waits; the same form sent twice waits once.
    await by_edit(site, "A casino")
    await by_edit(site, "A tea room")
    assert await newest(site, HeldItem.id) is None
    for _ in range(2):
        await site.submit(f"/post/{site.post.id}", body="A casino", submission="once")
    assert len((await site.api.get("/me/held/")).json()["held"]) == 1
