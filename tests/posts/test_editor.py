"""The editor as plain HTML: drafts, working copies, schedules, conflicts, and what is refused."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import LoggedEvent, Post, PostDraft, PostStatus, User
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from blog.posts.publication import publish_due_posts
from tests.posts.test_posts import add_posts
from tests.support import Browser, Visitor

MakeUser = Callable[..., Awaitable[User]]
DRAFT = {"title": "The tram", "body": "It *never* comes.", "tags": "trams, #waiting"}


def values(page: Response) -> dict[str, str]:
    """What stands in the fields of the editor."""
    form = page.text.partition('class="editor-form"')[2].partition("</form>")[0]
    # Of radio buttons, only the checked one is sent.
    form = re.sub('<input type="radio"[^>]*"(?! checked)>', "", form)
    inputs = re.findall(r'<input[^>]* name="(\w+)"[^>]*? value="([^"]*)"', form)
    areas = re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL)
    found: dict[str, str] = {}
    for name, value in [*inputs, *areas]:
        found.setdefault(name, html.unescape(value))
    return found


async def send(visitor: Visitor, address: str, button: str, **fields: str) -> Response:
    """Send the editor at `address` by one of its buttons, with these fields changed."""
    form = values(await visitor.get(address))
    return await visitor.post(address, data=form | fields | {button: "true"})


async def saved(visitor: Visitor, **fields: str) -> str:
    """Save a new draft; the address of its editor."""
    answer = await send(visitor, "/write", "save", **(DRAFT | fields))
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def the_post(db: AsyncSession) -> Post:
    return (await db.scalars(select(Post).execution_options(populate_existing=True))).one()


async def number_of_events(db: AsyncSession) -> int:
    return (await db.scalars(select(func.count()).select_from(LoggedEvent))).one()


async def test_a_draft_is_saved_for_its_author_alone(
    susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    events = await number_of_events(db)
    address = await saved(susans_browser)
    assert address == "/edit/1"
    post = await the_post(db)
    assert (post.status, post.title, post.tags, post.published_at) == (
        PostStatus.DRAFT, "The tram", ["trams", "waiting"], None,
    )  # fmt: skip
    page = await susans_browser.get(address)
    assert "Only you can see it" in page.text
    shown = values(page)
    assert (shown["title"], shown["body"], shown["tags"]) == (
        "The tram", "It *never* comes.", "trams, waiting",
    )  # fmt: skip
    assert "The tram" in (await susans_browser.get("/drafts")).text
    assert (await browser.get("/post/1")).status_code == 404
    assert "never" not in (await browser.get("/")).text
    assert await number_of_events(db) == events
    assert await wrong_counts(db) == {kept.name: 0 for kept in KEPT_COUNTS}


async def test_an_empty_draft_can_be_saved_and_no_empty_post_be_published(
    susans_browser: Browser, db: AsyncSession
) -> None:
    address = await saved(susans_browser, title="", body="", tags="")
    answer = await send(susans_browser, address, "publish")
    assert answer.status_code == 422
    assert "Please fill in this field" in answer.text
    assert (await the_post(db)).status == PostStatus.DRAFT
    assert "Untitled" in (await susans_browser.get("/drafts")).text


async def test_a_draft_is_published_with_its_title_and_tags(
    susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    address = await saved(susans_browser)
    await send(susans_browser, address, "save", body="It comes.")
    answer = await send(susans_browser, address, "publish", body="It **comes**.")
    assert answer.headers["location"] == "/post/1/the-tram"
    page = (await browser.get("/post/1/the-tram")).text
    assert "<strong>comes</strong>" in page
    assert "edited <time" not in page
    assert "It <strong>comes" in (await browser.get("/")).text
    assert "Post published." in (await susans_browser.get("/post/1/the-tram")).text
    assert "The tram" not in (await susans_browser.get("/drafts")).text.partition("<main")[2]
    assert (await the_post(db)).edited_at is None
    assert await wrong_counts(db) == {kept.name: 0 for kept in KEPT_COUNTS}


async def test_a_new_post_is_published_at_once_and_only_once(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form = values(await susans_browser.get("/write")) | DRAFT | {"publish": "true"}
    answers = await asyncio.gather(*(susans_browser.post("/write", data=form) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {302}
    assert (await the_post(db)).status == PostStatus.PUBLISHED
    assert await wrong_counts(db) == {kept.name: 0 for kept in KEPT_COUNTS}


async def test_going_back_to_the_form_of_a_draft_makes_another_one(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form = values(await susans_browser.get("/write")) | {"save": "true"}
    for body in ("One", "One", "Two"):
        await susans_browser.post("/write", data=form | {"body": body})
    assert list(await db.scalars(select(Post.body).order_by(Post.id))) == ["One", "Two"]


async def test_a_preview_keeps_what_was_typed_and_saves_nothing(
    susans_browser: Browser, db: AsyncSession
) -> None:
    answer = await send(susans_browser, "/write", "preview", **DRAFT)
    assert answer.status_code == 200
    assert "It <em>never</em> comes." in answer.text
    assert values(answer)["tags"] == "trams, #waiting"
    assert await db.scalar(select(func.count()).select_from(Post)) == 0


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", "x" * 201, "at most 200 characters"),
        ("tags", ",".join(f"tag {n}" for n in range(11)), "at most 10 tags"),
        ("slug", "2026", "just a number"),
        ("language", "klingon", "a language code"),
        ("canonical_url", "javascript:alert(1)", "starts with https://"),
        ("excerpt", "x" * 501, "at most 500"),
        ("body", "x" * 65_537, "at most 65,536 characters"),
        ("body", "[" * 65_536, "too complex"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_that_was_typed_is_lost(
    susans_browser: Browser, db: AsyncSession, field: str, value: str, words: str
) -> None:
    answer = await send(susans_browser, "/write", "publish", **(DRAFT | {field: value}))
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error">[^<]*{words}', answer.text)
    expected = DRAFT | {field: value}
    assert {name: values(answer)[name] for name in expected} == expected
    assert await db.scalar(select(func.count()).select_from(Post)) == 0


async def test_what_was_typed_on_the_home_page_is_carried_into_the_editor(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form = {"body": "Half a thought", "open": "true"}
    answer = await susans_browser.submit("/write", form, page="/")
    assert answer.headers["location"] == "/edit/1"
    assert "sent_drafts=1:post; " in answer.headers["set-cookie"]
    page = await susans_browser.get("/edit/1")
    assert values(page)["body"] == "Half a thought"
    answer = await susans_browser.submit("/write", {"body": " ", "open": "true"}, page="/")
    assert answer.headers["location"] == "/write"
    assert (await the_post(db)).status == PostStatus.DRAFT


async def test_of_two_devices_the_second_sees_both_texts_of_a_draft(
    susans_browser: Browser, db: AsyncSession
) -> None:
    address = await saved(susans_browser)
    first, second = [values(await susans_browser.get(address)) for _ in range(2)]
    await susans_browser.post(address, data=first | {"body": "The first", "save": "true"})
    conflict = await susans_browser.post(
        address, data=second | {"body": "The second", "publish": "true"}
    )
    assert conflict.status_code == 409
    assert "The first</textarea>" in conflict.text
    assert values(conflict)["body"] == "The second"
    post = await the_post(db)
    assert (post.body, post.status) == ("The first", PostStatus.DRAFT)
    again = values(conflict) | {"publish": "true"}
    assert (await susans_browser.post(address, data=again)).status_code == 302
    assert (await the_post(db)).body == "The second"


async def test_a_draft_that_was_published_elsewhere_is_not_overwritten(
    susans_browser: Browser, db: AsyncSession
) -> None:
    address = await saved(susans_browser)
    old = values(await susans_browser.get(address))
    await send(susans_browser, address, "publish", body="Published")
    answer = await susans_browser.post(address, data=old | {"body": "Old", "save": "true"})
    assert answer.status_code == 409
    assert "Published</textarea>" in answer.text
    assert (await the_post(db)).body == "Published"


async def test_changes_of_a_published_post_are_kept_apart_until_they_are_published(
    susans_browser: Browser, browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    events = await number_of_events(db)
    answer = await send(susans_browser, "/edit/1", "save", body="Better", slug="2026")
    assert answer.status_code == 422
    answer = await send(susans_browser, "/edit/1", "save", body="Better", title="Now titled")
    assert answer.headers["location"] == "/edit/1"
    assert "Post 1" in (await browser.get("/post/1")).text
    assert await number_of_events(db) == events
    page = await susans_browser.get("/edit/1")
    assert values(page)["body"] == "Better"
    assert "Unpublished changes" in (await susans_browser.get("/drafts")).text
    answer = await susans_browser.post("/edit/1", data=values(page) | {"publish": "true"})
    assert answer.headers["location"] == "/post/1/now-titled"
    assert "Better" in (await browser.get("/post/1/now-titled")).text
    assert await db.scalar(select(func.count()).select_from(PostDraft)) == 0


async def test_discarded_changes_are_gone(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    await send(susans_browser, "/edit/1", "save", body="Worse")
    await send(susans_browser, "/edit/1", "discard")
    assert values(await susans_browser.get("/edit/1"))["body"] == "Post 1"


async def test_changes_made_on_another_device_are_not_published_over(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    first, second = [values(await susans_browser.get("/edit/1")) for _ in range(2)]
    await susans_browser.post("/edit/1", data=first | {"body": "The first", "save": "true"})
    for button in ("save", "publish"):
        conflict = await susans_browser.post(
            "/edit/1", data=second | {"body": "The second", button: "true"}
        )
        assert conflict.status_code == 409
        assert "The first</textarea>" in conflict.text
    assert values(await susans_browser.get("/edit/1"))["body"] == "The first"
    again = values(conflict) | {"publish": "true"}
    assert (await susans_browser.post("/edit/1", data=again)).status_code == 302
    assert (await the_post(db)).body == "The second"


async def test_a_working_copy_of_a_post_that_was_changed_since_is_shown_with_it(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    await send(susans_browser, "/edit/1", "save", body="My changes")
    await susans_browser.submit("/edit/1", {"body": "By an old client", "version": "1"})
    page = await susans_browser.get("/edit/1")
    assert page.status_code == 200
    assert "By an old client</textarea>" in page.text
    assert values(page)["body"] == "My changes"
    again = values(page) | {"publish": "true"}
    assert (await susans_browser.post("/edit/1", data=again)).status_code == 302
    assert (await the_post(db)).body == "My changes"


async def test_an_editors_working_copy_is_theirs_alone(
    app: Broadside, susans_browser: Browser, susan: User, make_user: MakeUser, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    await make_user("root", role="Administrator")
    async with Browser(app) as roots_browser:
        await roots_browser.log_in("root")
        await send(roots_browser, "/edit/1", "save", body="Cleaned")
        assert "Cleaned" in (await roots_browser.get("/drafts")).text
    assert values(await susans_browser.get("/edit/1"))["body"] == "Post 1"
    assert "Cleaned" not in (await susans_browser.get("/drafts")).text


async def test_a_form_of_before_there_were_titles_changes_only_the_text(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, "/write", "publish", **DRAFT)
    version = str((await the_post(db)).version)
    old = {"body": "It came.", "version": version}
    assert (await susans_browser.submit("/edit/1", old)).status_code == 302
    post = await the_post(db)
    assert (post.body, post.title, post.tags) == ("It came.", "The tram", ["trams", "waiting"])
    conflict = await susans_browser.submit("/edit/1", {"body": "Too late", "version": "1"})
    assert conflict.status_code == 409
    assert (values(conflict)["title"], values(conflict)["body"]) == ("The tram", "Too late")


async def test_a_post_is_scheduled_in_the_zone_of_its_author_and_published_then(
    susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    tomorrow = now() + timedelta(days=1)
    wall = f"{tomorrow:%Y-%m-%d}T09:30"
    answer = await send(
        susans_browser, "/write", "schedule",
        scheduled_for=wall, time_zone="Asia/Tokyo", **DRAFT,
    )  # fmt: skip
    assert answer.headers["location"] == "/drafts"
    post = await the_post(db)
    planned = datetime.fromisoformat(f"{wall}+09:00").astimezone(UTC)
    assert (post.status, post.published_at, post.time_zone) == (
        PostStatus.SCHEDULED, planned, "Asia/Tokyo",
    )  # fmt: skip
    listed = (await susans_browser.get("/drafts")).text
    assert f"at 09:30 in Asia/Tokyo ({planned:%-d %B %H:%M} UTC)." in listed
    assert (await browser.get("/post/1")).status_code == 404
    # It is remembered, and the page of the post shows it.
    assert values(await susans_browser.get("/write"))["time_zone"] == "Asia/Tokyo"
    assert values(await susans_browser.get("/edit/1"))["scheduled_for"] == wall
    await publish_due_posts(db, planned)
    assert (await browser.get("/post/1/the-tram")).status_code == 200
    assert await wrong_counts(db) == {kept.name: 0 for kept in KEPT_COUNTS}


async def test_a_scheduled_post_can_be_changed_published_now_or_taken_back(
    susans_browser: Browser, db: AsyncSession
) -> None:
    plan = {"scheduled_for": TOMORROW, "time_zone": "UTC"}
    await send(susans_browser, "/write", "schedule", **(DRAFT | plan))
    await send(susans_browser, "/edit/1", "save", body="Other words")
    post = await the_post(db)
    assert (post.body, post.status) == ("Other words", PostStatus.SCHEDULED)
    assert (await send(susans_browser, "/edit/1", "save", body=" ")).status_code == 422
    await send(susans_browser, "/edit/1", "unschedule")
    post = await the_post(db)
    assert (post.status, post.published_at, post.time_zone) == (PostStatus.DRAFT, None, None)
    await send(susans_browser, "/edit/1", "schedule", **plan)
    await send(susans_browser, "/edit/1", "publish")
    post = await the_post(db)
    assert (post.status, post.time_zone) == (PostStatus.PUBLISHED, None)
    assert post.published_at
    assert abs(post.published_at - now()) < timedelta(minutes=1)


def last_sunday(month: int) -> str:
    """On which the clocks are changed in Europe, next year."""
    day = datetime(now().year + 1, month, 31, tzinfo=UTC)
    return f"{day - timedelta(days=day.isoweekday() % 7):%Y-%m-%d}"


TOMORROW = f"{now() + timedelta(days=1):%Y-%m-%d}T09:00"
WRONG_TIMES = [
    ("2020-01-01T09:00", "UTC", "scheduled_for", "is in the past"),
    ("9999-12-31T23:59", "America/Los_Angeles", "scheduled_for", "within the next ten years"),
    ("0001-01-01T00:00", "Asia/Tokyo", "scheduled_for", "is in the past"),
    ("", "UTC", "scheduled_for", "Please enter a date"),
    ("soon", "UTC", "scheduled_for", "Please enter a date"),
    (f"{last_sunday(3)}T01:30", "Europe/Lisbon", "scheduled_for", "clocks go forward"),
    (f"{last_sunday(3)}T02:30", "Europe/Berlin", "scheduled_for", "clocks go forward"),
    (TOMORROW, "Mars/Olympus", "time_zone", "Please choose a time zone"),
    (TOMORROW, "../../etc/passwd", "time_zone", "Please choose a time zone"),
    (TOMORROW, "", "time_zone", "Please choose a time zone"),
]


@pytest.mark.parametrize(("wall", "zone", "field", "words"), WRONG_TIMES)
async def test_a_time_that_cannot_be_is_refused_beside_its_field(
    susans_browser: Browser, db: AsyncSession, wall: str, zone: str, field: str, words: str
) -> None:
    answer = await send(
        susans_browser, "/write", "schedule", scheduled_for=wall, time_zone=zone, **DRAFT
    )
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error">[^<]*{words}', answer.text)
    assert await db.scalar(select(func.count()).select_from(Post)) == 0


async def test_of_a_time_that_the_clocks_show_twice_the_first_is_taken_and_said(
    susans_browser: Browser, db: AsyncSession
) -> None:
    day = last_sunday(10)
    await send(
        susans_browser, "/write", "schedule",
        scheduled_for=f"{day}T02:30", time_zone="Europe/Berlin", **DRAFT,
    )  # fmt: skip
    assert (await the_post(db)).published_at == datetime.fromisoformat(f"{day}T00:30+00:00")
    assert "the first one counts" in (await susans_browser.get("/drafts")).text


async def test_drafts_are_searched_in_titles_and_texts(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await saved(susans_browser, title="Tomatoes", body="They have names")
    await saved(susans_browser, title="Indexes", body="100% of _the_ columns")
    (published, *_) = await add_posts(db, susan, 1)
    await send(susans_browser, f"/edit/{published.id}", "save", title="Copied TOMATOES")
    for search, expected in {
        "tomatoes": {"Tomatoes", "Copied TOMATOES"},
        "names": {"Tomatoes"},
        "100%": {"Indexes"},
        "_the": {"Indexes"},
        "%": {"Indexes"},
        "nothing": set(),
    }.items():
        page = await susans_browser.get("/drafts", params={"q": search})
        found = re.findall(r'<h2><a href="[^"]*" dir="auto">([^<]*)</a>', page.text)
        assert set(found) == expected, search


async def test_drafts_have_pages_the_last_changed_first(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 25)
    await db.execute(update(Post).values(status=PostStatus.DRAFT, published_at=None))
    await db.commit()
    await send(susans_browser, "/edit/3", "save", title="Changed last")
    first = (await susans_browser.get("/drafts")).text
    names = re.findall(r'<h2><a href="/edit/(\d+)"', first)
    assert names == ["3", *(str(number) for number in range(25, 6, -1))]
    second = (await susans_browser.get("/drafts?page=2")).text
    assert re.findall(r'<h2><a href="/edit/(\d+)"', second) == ["6", "5", "4", "2", "1"]
    assert "no page 9" in (await susans_browser.get("/drafts?page=9")).text
    assert (await susans_browser.get("/drafts?page=501")).status_code == 404


async def test_the_editor_suggests_ones_own_tags(
    app: Broadside, susans_browser: Browser, make_user: MakeUser
) -> None:
    await saved(susans_browser)
    await make_user("david")
    async with Browser(app) as davids_browser:
        await davids_browser.log_in("david")
        await saved(davids_browser, tags="davids")
    page = (await susans_browser.get("/write")).text
    assert re.findall(r'<option value="([^"]+)">', page) == ["trams", "waiting"]


async def test_an_own_slug_is_shown_and_one_of_the_title_follows_it(
    susans_browser: Browser, db: AsyncSession
) -> None:
    address = await saved(susans_browser)
    assert values(await susans_browser.get(address))["slug"] == ""
    await send(susans_browser, address, "save", title="The bus")
    assert (await the_post(db)).slug == "the-bus"
    await send(susans_browser, address, "save", slug="mine")
    await send(susans_browser, address, "save", title="The train")
    assert (await the_post(db)).slug == "mine"
    assert values(await susans_browser.get(address))["slug"] == "mine"


async def test_comments_are_closed_by_a_box_that_is_not_ticked(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form: dict[str, Any] = values(await susans_browser.get("/write")) | DRAFT
    assert form["comments_open"] == "true"
    await susans_browser.post("/write", data=form | {"comments_open": "false", "save": "true"})
    post = await the_post(db)
    assert post.comments_open is False
    page = (await susans_browser.get("/edit/1")).text
    assert re.search(r'<input[^>]*name="comments_open"[^>]*>', page)
    assert not re.search(r'<input[^>]*name="comments_open"[^>]* checked', page)


async def test_the_list_of_drafts_shows_words_and_no_markdown(susans_browser: Browser) -> None:
    body = "## It *never* comes &amp; **waits** for [us](https://example.com/a)\n\n- a `b` <i>"
    await saved(susans_browser, title="", body=body)
    page = (await susans_browser.get("/drafts")).text
    assert "It never comes &amp; waits for us a b &lt;i&gt;" in page
    assert "**waits" not in page
