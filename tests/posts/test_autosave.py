"""What the editor's script saves in the background: drafts, working copies, and conflicts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.quotas import AUTOSAVING
from blog.core.web.app import Broadside
from blog.models import LoggedEvent, Post, PostDraft, PostStatus, User
from tests.posts.test_editor import TOMORROW, send, the_post, values
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]
NEW = {"version": "0", "copy_version": "0", "title": "The tram", "body": "It", "submission": "tab"}
JSON = {"Accept": "application/json"}


class Tab:
    """A tab of the editor, as its script behaves."""

    def __init__(self, browser: Browser, token: str, fields: dict[str, str]) -> None:
        self.browser, self.fields = browser, fields | {"csrf_token": token}
        self.address = "/write/autosave"

    @classmethod
    async def opened(cls, browser: Browser, address: str = "/write", **fields: str) -> "Tab":
        shown = values(await browser.get(address))
        tab = cls(browser, shown["csrf_token"], NEW | shown | fields)
        if address != "/write":
            tab.address = f"{address}/autosave"
        return tab

    async def save(self, **fields: str) -> Response:
        """Save, and remember the versions if that has worked."""
        self.fields |= fields
        answer = await self.browser.post(self.address, data=self.fields, headers=JSON)
        if answer.status_code == 200:
            found = answer.json()
            self.fields |= {name: str(found[name]) for name in ("version", "copy_version")}
            self.address = found["autosave"]
        return answer


async def statements(answer: Response) -> int:
    return int(answer.headers["server-timing"].partition('db;desc="')[2].partition(" ")[0])


async def test_a_new_text_becomes_one_draft_that_grows(
    susans_browser: Browser, db: AsyncSession
) -> None:
    events = await db.scalar(select(func.count()).select_from(LoggedEvent))
    tab = await Tab.opened(susans_browser, title="The tram", tags="trams")
    for text in ("It", "It *nev", "It *never* comes."):
        answer = await tab.save(body=text)
        assert answer.json()["errors"] == {}
        assert answer.json()["address"] == "/edit/1"
    post = await the_post(db)
    assert (post.body, post.title, post.tags) == ("It *never* comes.", "The tram", ["trams"])
    assert (post.status, post.body_html) == (
        PostStatus.DRAFT, "<p>It <em>never</em> comes.</p>",
    )  # fmt: skip
    assert values(await susans_browser.get("/edit/1"))["body"] == "It *never* comes."
    assert await db.scalar(select(func.count()).select_from(LoggedEvent)) == events


async def test_a_first_save_whose_answer_was_lost_makes_no_second_draft(
    susans_browser: Browser, db: AsyncSession
) -> None:
    tab = await Tab.opened(susans_browser, submission="tab")
    await susans_browser.post(tab.address, data=tab.fields | {"body": "It"}, headers=JSON)
    await tab.save(body="It never")
    assert (await the_post(db)).body == "It never"


async def test_first_saves_of_one_tab_at_the_same_moment_make_one_draft(
    susans_browser: Browser, db: AsyncSession
) -> None:
    tab = await Tab.opened(susans_browser, submission="tab")
    saves = (susans_browser.post(tab.address, data=tab.fields, headers=JSON) for _ in range(5))
    assert {answer.status_code for answer in await asyncio.gather(*saves)} == {200}
    assert await db.scalar(select(func.count()).select_from(Post)) == 1


async def test_what_is_half_typed_keeps_nothing_else_from_being_saved(
    susans_browser: Browser, db: AsyncSession
) -> None:
    tab = await Tab.opened(susans_browser)
    wrong = {"slug": "2026", "canonical_url": "htt", "tags": "x" * 51, "language": "klingon"}
    answer = await tab.save(body="Saved all the same", title="x" * 200, **wrong)
    assert answer.status_code == 200
    assert answer.json()["errors"].keys() == wrong.keys()
    post = await the_post(db)
    assert (post.body, post.title, post.tags, post.language) == (
        "Saved all the same", "x" * 200, [], None,
    )  # fmt: skip
    assert (await tab.save(tags="fine", slug="")).json()["errors"].keys() == {
        "canonical_url", "language",
    }  # fmt: skip
    assert (await the_post(db)).tags == ["fine"]


async def test_another_posts_slug_keeps_nothing_else_from_being_saved(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await (await Tab.opened(susans_browser, submission="1")).save(slug="mine")
    tab = await Tab.opened(susans_browser, submission="2")
    for text in ("One", "Two"):
        answer = await tab.save(slug="mine", body=text)
        assert "other posts" in answer.json()["errors"]["slug"]
    assert (await db.scalars(select(Post.body).where(Post.id == 2))).one() == "Two"


async def test_a_text_that_cannot_be_rendered_is_kept_and_one_that_is_too_long_refused(
    susans_browser: Browser, db: AsyncSession
) -> None:
    tab = await Tab.opened(susans_browser)
    assert (await tab.save(body="[" * 65_536)).status_code == 200
    post = await the_post(db)
    assert (len(post.body), post.body_html) == (65_536, "")
    answer = await tab.save(body="x" * 65_537)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"
    # As soon as it can be rendered it is published whole.
    answer = await send(susans_browser, "/edit/1", "publish", body="Short")
    assert answer.status_code == 302
    assert "Short" in (await the_post(db)).body_html


async def test_the_second_of_two_tabs_is_told_and_overwrites_nothing(
    susans_browser: Browser, db: AsyncSession
) -> None:
    first = await Tab.opened(susans_browser)
    await first.save(body="Begun")
    second = await Tab.opened(susans_browser, "/edit/1")
    await first.save(body="By the first", tags="a, b")
    answer = await second.save(body="By the second")
    assert answer.status_code == 409
    other = answer.json()
    assert (other["fields"]["body"], other["fields"]["tags"]) == ("By the first", "a, b")
    assert other["saved_at"]
    assert not other["is_published"]
    assert (await the_post(db)).body == "By the first"
    known = {name: str(other[name]) for name in ("version", "copy_version")}
    assert (await second.save(**known)).status_code == 200
    assert (await the_post(db)).body == "By the second"


async def test_of_saves_at_the_same_moment_one_wins(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await (await Tab.opened(susans_browser)).save()
    await add_posts(db, susan, 1)
    for address in ("/edit/1", "/edit/2"):
        tabs = [await Tab.opened(susans_browser, address) for _ in range(4)]
        saves = (tab.save(body=f"Text {number}") for number, tab in enumerate(tabs))
        statuses = [answer.status_code for answer in await asyncio.gather(*saves)]
        assert sorted(statuses) == [200, 409, 409, 409]


async def test_nothing_of_a_published_post_is_published_by_typing(
    susans_browser: Browser, browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    before = (await browser.get("/post/1")).text.partition("<article")[2]
    tab = await Tab.opened(susans_browser, "/edit/1")
    for text in ("Bet", "Better"):
        # A working copy keeps what is half typed, too.
        assert (await tab.save(body=text, slug="2026")).status_code == 200
    assert (await browser.get("/post/1")).text.partition("<article")[2] == before
    shown = values(await susans_browser.get("/edit/1"))
    assert (shown["body"], shown["slug"]) == ("Better", "2026")
    copy = (await db.scalars(select(PostDraft))).one()
    assert (copy.version, copy.base_version) == (2, 1)


async def test_a_post_that_was_published_anew_elsewhere_is_in_the_way(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    tab = await Tab.opened(susans_browser, "/edit/1")
    await tab.save(body="Mine")
    await susans_browser.submit("/edit/1", {"body": "By an old client", "version": "1"})
    answer = await tab.save(body="Mine, more")
    assert answer.status_code == 409
    assert answer.json()["fields"]["body"] == "By an old client"
    assert answer.json()["is_published"]


async def test_a_save_that_arrives_after_the_publication_changes_nothing(
    susans_browser: Browser, db: AsyncSession
) -> None:
    tab = await Tab.opened(susans_browser)
    await tab.save(body="Published")
    late = dict(tab.fields)
    await send(susans_browser, "/edit/1", "publish")
    answer = await susans_browser.post(tab.address, data=late | {"body": "Late"}, headers=JSON)
    assert answer.status_code == 409
    assert (await the_post(db)).body == "Published"
    assert await db.scalar(select(func.count()).select_from(PostDraft)) == 0


async def test_a_scheduled_post_is_not_emptied_by_typing(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await send(
        susans_browser, "/write", "schedule",
        body="Planned", scheduled_for=TOMORROW, time_zone="UTC",
    )  # fmt: skip
    tab = await Tab.opened(susans_browser, "/edit/1")
    answer = await tab.save(body=" ")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"
    assert (await the_post(db)).body == "Planned"


async def test_a_save_after_a_log_out_is_refused_and_the_form_restored_after_a_log_in(
    susans_browser: Browser, db: AsyncSession
) -> None:
    tab = await Tab.opened(susans_browser)
    await tab.save(body="Begun")
    await susans_browser.submit("/auth/logout", page="/")
    answer = await tab.save(body="Gone on")
    assert answer.status_code in {400, 403}
    # The button Save is a form like any other.
    form = tab.fields | {"save": "true"}
    answer = await susans_browser.post("/edit/1", data=form)
    assert answer.status_code == 400
    assert "Gone on" in answer.text


@pytest.mark.parametrize("address", ["/write/autosave", "/edit/1/autosave"])
async def test_a_save_needs_a_token_and_a_version_that_is_one(
    susans_browser: Browser, address: str
) -> None:
    await (await Tab.opened(susans_browser)).save()
    answer = await susans_browser.post(address, data=NEW, headers=JSON)
    assert answer.status_code == 400
    answer = await susans_browser.submit(address, NEW | {"version": "x"}, page="/")
    assert answer.status_code == 422


async def test_other_peoples_drafts_are_not_there(
    app: Broadside, susans_browser: Browser, make_user: MakeUser, db: AsyncSession
) -> None:
    await (await Tab.opened(susans_browser)).save(body="Mine")
    await make_user("root", role="Administrator")
    async with Browser(app) as roots_browser:
        await roots_browser.log_in("root")
        tab = await Tab.opened(roots_browser)
        tab.address = "/edit/1/autosave"
        assert (await tab.save(version="1", body="Theirs")).status_code == 404
    assert (await the_post(db)).body == "Mine"


async def test_a_save_takes_few_statements_however_often_it_is_done(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 1)
    tab, draft = await Tab.opened(susans_browser, "/edit/1"), await Tab.opened(susans_browser)
    await draft.save(body="Begun", title="", tags="trams")
    counts: dict[str, list[int]] = {"working copy": [], "draft": []}
    for text in ("One", "Two", "Three"):
        counts["working copy"].append(await statements(await tab.save(body=text)))
        counts["draft"].append(await statements(await draft.save(body=text)))
    # Who is asking, the post, and the working copy; sometimes some more of the quota.
    assert (min(counts["working copy"]), max(counts["working copy"]) <= 4) == (3, True)
    # Who is asking, the post, the post locked, its tags and the time, these locked, and the change.
    assert (min(counts["draft"]), max(counts["draft"]) <= 7) == (6, True)


async def test_saving_has_a_quota_of_its_own(
    app: Broadside, susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AUTOSAVING.name != "writing"
    spent: list[Any] = []

    async def spend(quota: Any) -> None:
        spent.append(quota)

    monkeypatch.setattr("blog.core.auth.quotas.spend", spend)
    tab = await Tab.opened(susans_browser)
    await tab.save(body="One")
    await tab.save(body="Two")
    assert spent == [AUTOSAVING, AUTOSAVING]
