"""Searching in comments."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    AccountDeletion,
    Block,
    Comment,
    CommentSearch,
    Job,
    Mute,
    Post,
    PostTag,
    Tag,
    User,
)
from blog.search import queries, statements
from blog.search.jobs import INDEX_OLD_COMMENTS
from tests.feeds.support import valid_atom, valid_json_feed
from tests.jobs import at_work
from tests.search.support import add_post
from tests.servers import until
from tests.support import Browser, NewUser, add_users

API = "/api/v1/search/"


async def add_comment(db: AsyncSession, post: Post, author: User, body: str, **more: Any) -> int:
    html = f"<p>{body}</p>"
    comment = Comment(
        post_id=post.id, author_id=author.id, body=body, body_html=html, renderer_version=1, **more
    )
    db.add(comment)
    await db.commit()
    return comment.id


async def found(browser: Browser, q: str, **arguments: str) -> list[str]:
    """The bodies of the comments that the API finds, in their order."""
    answer = await browser.get(API, params={"q": f"in:comments {q}", **arguments})
    assert answer.status_code == 200, answer.text
    resource = answer.json()
    assert resource["count"] == len(resource["comments"])
    assert resource["posts"] == resource["people"] == resource["tags"] == []
    return [comment["body"] for comment in resource["comments"]]


async def test_comments_are_found_by_their_words_authors_times_and_posts(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    nina = (await add_users(app, NewUser("nina")))["nina"]
    boats = await add_post(db, susan, "Nothing here", title="Rowing", tags=("Boats",))
    german = await add_post(db, nina, "![x](/media/x)", language="de")
    old = datetime(2026, 1, 31, tzinfo=UTC)
    await add_comment(db, boats, nina, "A red boat", created_at=old)
    await add_comment(db, boats, susan, "The boats are red, see [here](https://e.org/secret)")
    await add_comment(db, german, susan, "Alte Häuser und ein boat")
    red, boats_, houses = "A red boat", "The boats are red", "Alte Häuser"
    for q, expected in {
        "boat": {red, boats_, houses}, '"red boat"': {red}, "boat -red": {houses},
        "haus": {houses}, "secret": set(), "rowing": set(), "author:nina": {red},
        "boat -author:nina": {boats_, houses}, "boat tag:boats": {red, boats_},
        "boat -tag:boats": {houses}, "tag:boats author:susan": {boats_},
        "before:2026-02": {red}, "boat after:2026-02": {boats_, houses}, "has:image": {houses},
        "": set(), "-boat": set(), "IN:Comments boat or haus": {red, boats_, houses},
    }.items():  # fmt: skip
        bodies = {body.partition(",")[0].partition(" und")[0] for body in await found(browser, q)}
        assert bodies == expected, q
    assert (await browser.get(API, params={"q": "in:posts boat"})).json()["count"] == 0


async def test_frequent_words_on_posts_with_a_tag_are_looked_for_on_its_newest_posts(
    browser: Browser, db: AsyncSession, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a site with many more comments than a search looks at."""
    numbers = {"MOST_FOUND": 9, "TRIED": 6, "COMMON": 3, "LOOKED_THROUGH": 20,
               "COMMON_ON_POSTS": 3, "FREQUENT_ON_POSTS": 3, "LOOKED_UP": 12,
               "POSTS_LOOKED_UP": 4}  # fmt: skip
    for name, number in numbers.items():
        monkeypatch.setattr(statements, name, number)
    monkeypatch.setattr(queries, "_STATEMENTS", statements.statements())
    posts = {
        name: await add_post(db, susan, "![x](/media/x)" if name == "old 5" else "x", tags=(name,))
        for name in ("many", *(f"old {number}" for number in range(6)))
    }
    old = (await db.scalars(select(Tag.id).where(Tag.name == "old 0"))).one()
    db.add_all(
        PostTag(post_id=post.id, tag_id=old, position=1) for post in list(posts.values())[2:]
    )
    await db.commit()
    for age, name in enumerate([*["many"] * 30, *(f"old {number}" for number in range(6))]):
        words = f"boat{' keel' * (age > 32)} {age}"
        await add_comment(db, posts[name], susan, words, created_at=now() - timedelta(hours=age))
    for q, expected, is_partial in (
        ("boat tag:many", range(9), False),
        # On four of its six posts, and the newest ones at that.
        ('boat tag:"old 0"', range(32, 36), True),
        ('tag:"old 0"', range(32, 36), True),
        ('boat tag:"old 0" tag:"old 3"', [33], False),
        # By the index, because the word is rare.
        ('keel tag:"old 0"', range(33, 36), False),
        # Among the newest comments, because no tag leads to them.
        ("boat has:image", [], True),
        ("keel has:image", [35], False),
        ("boat -tag:many", [], True),
        ('boat tag:"old 0" before:2020', [], False),
    ):
        answer = (await browser.get(API, params={"q": f"in:comments {q}", "sort": "date"})).json()
        found = [int(each["body"].split()[-1]) for each in answer["comments"]]
        assert (found, answer["partial"]) == ([*expected], is_partial), q
        page = (await browser.get("/search", params={"q": f"in:comments {q}"})).text
        assert ("so we looked through the newest ones only" in page) == is_partial, q


async def test_the_page_says_why_a_comment_was_found_and_leads_to_it(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    post = await add_post(db, susan, "x", title="Row <b>")
    first = await add_comment(db, post, susan, "x " * 300 + "A <i>red</i> boat")
    await db.execute(update(Comment).values(body_html=f"<p>{'x ' * 300} A &lt;red&gt; boat</p>"))
    await db.commit()
    form = {"q": "boats", "comments": "true", "sort": "date"}
    answer = await browser.get("/search", params=form)
    assert answer.headers["location"] == "/search?q=boats+in:comments&sort=date"
    page = (await browser.get(answer.headers["location"])).text
    assert "A &lt;red&gt; <mark>boat</mark>" in page
    assert f'href="/comment/{first}"' in page and '“<span dir="auto">Row &lt;b&gt;</span>”' in page
    assert "1 comment<" in page
    page = (await browser.get("/search?q=in:comments ship")).text
    assert "No comments found" in page


async def test_results_in_comments_come_in_pages_and_as_feeds(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    post = await add_post(db, susan, "x")
    for number in range(12):
        await add_comment(db, post, susan, f"boat {number}")
    seen: list[str] = []
    address: str | None = f"{API}?q=in:comments boat&sort=date&per_page=5"
    while address:
        answer = (await browser.get(address)).json()
        seen += [comment["body"] for comment in answer["comments"]]
        address = answer["next"]
    assert seen == [f"boat {number}" for number in reversed(range(12))]
    feed = valid_json_feed((await browser.get("/search/feed.json?q=in:comments boat")).content)
    assert [item["content_html"] for item in feed["items"]][:2] == [
        "<p>boat 11</p>", "<p>boat 10</p>",
    ]  # fmt: skip
    assert feed["next_url"]
    valid_atom((await browser.get("/search/feed.atom?q=in:comments boat")).content)


async def test_only_what_everybody_may_read_is_found_in_comments(
    app: Broadside, browser: Browser, susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    people = await add_users(app, NewUser("nina"), NewUser("reader"), NewUser("max", "Moderator"))
    nina, reader = people["nina"], people["reader"]
    post = await add_post(db, susan, "x", tags=("x",))
    comment = await add_comment(db, post, nina, "boat")
    async with Browser(app) as moderator, Browser(app) as readers:
        await moderator.open_session("max")
        await readers.open_session("reader")
        everyone = (browser, susans_browser, moderator, readers)

        async def finders() -> list[int]:
            found = []
            for q in ("in:comments boat", "in:comments boat tag:x"):
                pages = [await each.get("/search", params={"q": q}) for each in everyone]
                found.append([page.text.count("<mark>boat</mark>") for page in pages])
            assert found[0] == found[1]
            return found[0]

        async def change(row: Any, **values: Any) -> None:
            await db.execute(update(row).values(values))
            await db.commit()

        assert await finders() == [1, 1, 1, 1]
        disabled = {"disabled_at": now(), "disabled_reason": "x"}
        shown = {"disabled_at": None, "disabled_reason": None}
        for row, hides, shows in (
            (Post, {"hidden_at": now()}, {"hidden_at": None}),
            (Post, {"status": "draft"}, {"status": "published"}),
            (Comment, disabled, shown),
            (Comment, {"body": "ship"}, {"body": "boat"}),
        ):
            await change(row, **hides)
            assert await finders() == [0, 0, 0, 0], hides
            await change(row, **shows)
            assert await finders() == [1, 1, 1, 1], shows
        for hidden in (
            Mute(user_id=reader.id, muted_id=nina.id), Block(user_id=reader.id, blocked_id=nina.id),
            Block(user_id=nina.id, blocked_id=reader.id),
        ):  # fmt: skip
            db.add(hidden)
            await db.commit()
            assert await finders() == [1, 1, 1, 0]
            await db.delete(hidden)
            await db.commit()
        await change(Comment, **Comment.REMOVED)
        assert await finders() == [0, 0, 0, 0]
        assert await db.scalar(select(func.count()).select_from(CommentSearch)) == 0
        await add_comment(db, post, nina, "boat again", parent_id=comment)
        assert await finders() == [1, 1, 1, 1]
        for person in (susan, nina):
            deletion = AccountDeletion(user_id=person.id)
            db.add(deletion)
            await db.commit()
            assert await finders() == [0, 0, 0, 0]
            await db.delete(deletion)
            await db.commit()


async def test_comments_from_before_are_indexed_by_a_job_and_meanwhile_the_page_says_so(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    post = await add_post(db, susan, "boat")
    for body in ("boat", "boats", "disabled"):
        await add_comment(db, post, susan, body)
    await db.execute(
        update(Comment)
        .where(Comment.body == "disabled")
        .values(disabled_at=now(), disabled_reason="")
    )
    await db.execute(CommentSearch.__table__.delete())  # type: ignore[attr-defined]
    db.add(Job(kind=INDEX_OLD_COMMENTS.name, payload={"after": 0}))
    await db.commit()
    note = "still being prepared for search"
    for q in ("boat", "in:comments boat"):
        assert note in (await browser.get("/search", params={"q": q})).text
    assert (await browser.get(API, params={"q": "boat"})).json()["partial"] is True
    await db.execute(Job.__table__.delete())  # type: ignore[attr-defined]
    await db.commit()

    async def is_done() -> bool:
        return bool((await db.scalar(select(Job.payload)) or {}).get("done"))

    async with at_work(app, INDEX_OLD_COMMENTS):
        await until(is_done)
    assert len(await found(browser, "boat")) == 2
    assert await db.scalar(select(func.count()).select_from(CommentSearch)) == 2
    assert note not in (await browser.get("/search?q=boat")).text
