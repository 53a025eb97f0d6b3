"""The pages of a post's history: the list, what changed, the text, and restoring it."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.comparison import comparison_html
from blog.core.text.process_pool import OverloadedError
from blog.core.web.app import Broadside
from blog.models import Post, PostRevision, User
from tests.api.support import Client
from tests.moderation.support import acts
from tests.posts.test_editing import version_in
from tests.posts.test_fields import changed, made
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]
LIST = "/post/1/revisions"


@pytest.fixture
async def post(writer: Client) -> dict[str, object]:
    """A post of Susan's that was edited twice."""
    post = await made(writer, title="Trams", body="The first text.", tags=["trams"])
    await changed(writer, post, body="The second text, which is longer.")
    return await changed(writer, post, title="Trains", body="The third *text*.", tags=["rails"])


@pytest.fixture
async def maud(app: Broadside, make_user: MakeUser) -> AsyncIterator[Browser]:
    """A moderator."""
    await make_user("maud", role="Moderator")
    async with Browser(app) as browser:
        await browser.open_session("maud")
        yield browser


def words_of(page: httpx.Response) -> str:
    """The text of a page, without its elements."""
    return " ".join(re.sub("<[^>]+>", " ", page.text).split())


async def test_the_list_tells_who_changed_what_and_when(
    post: dict[str, object], browser: Browser
) -> None:
    page = await browser.get(LIST)
    assert page.status_code == 200
    words = words_of(page)
    assert words.index("Revision 3 Current") < words.index("Revision 2") < words.index("Revision 1")
    assert "by susan · First version" in words
    assert "by susan · Changed: text · 4 words added · 1 word removed" in words
    assert "by susan · Changed: title, text and tags · 2 words added · 5 words removed" in words


async def test_the_byline_of_an_edited_post_leads_to_the_list(
    post: dict[str, object], browser: Browser
) -> None:
    for address in ("/post/1/trains", "/"):
        page = (await browser.get(address)).text
        assert f'<a class="edited" href="{LIST}">edited <time' in page


async def test_a_post_that_was_never_edited_has_one_revision(
    writer: Client, browser: Browser
) -> None:
    await made(writer, body="The only *text*")
    page = await browser.get(LIST)
    assert "Revision 1 Current" in words_of(page)
    assert "Revision 2" not in page.text
    assert "The only <em>text</em>" in (await browser.get(f"{LIST}/1")).text
    assert "The only <em>text</em>" in (await browser.get(f"{LIST}/1/text")).text
    for number in (2, 2**31, 2**63 - 1, 0, "x"):
        for end in ("", "/text"):
            assert (await browser.get(f"{LIST}/{number}{end}")).status_code == 404


async def test_a_revision_shows_what_changed_of_the_one_before(
    post: dict[str, object], browser: Browser
) -> None:
    page = (await browser.get(f"{LIST}/2")).text
    assert "The <del>first text.</del> <ins>second text, which is longer.</ins>" in page
    page = (await browser.get(f"{LIST}/3")).text
    assert "<del>Trams</del> <ins>Trains</ins>" in page
    assert "<del>trams</del> <ins>rails</ins>" in page
    assert "<ins>third *text*.</ins>" in page
    assert f'href="{LIST}/3/text"' in page
    assert f'href="{LIST}/2"' in page
    assert f'href="{LIST}/4"' not in page


async def test_each_text_has_a_page_on_which_it_is_as_readers_saw_it(
    post: dict[str, object], browser: Browser
) -> None:
    page = await browser.get(f"{LIST}/1/text")
    assert "<p>The first text.</p>" in page.text
    assert "This is an earlier version of Trains" in words_of(page)
    page = await browser.get(f"{LIST}/3/text")
    assert "The third <em>text</em>." in page.text
    assert "This is the current version" in words_of(page)


async def test_search_engines_are_asked_to_leave_the_history_out(
    post: dict[str, object], browser: Browser
) -> None:
    for end in ("", "/1", "/2", "/1/text"):
        answer = await browser.get(LIST + end)
        assert answer.headers["x-robots-tag"] == "noindex"
        assert '<meta name="robots" content="noindex">' in answer.text
    assert "x-robots-tag" not in (await browser.get("/post/1/trains")).headers


async def test_long_lists_have_pages(writer: Client, browser: Browser, db: AsyncSession) -> None:
    await made(writer)
    db.add_all(
        PostRevision(
            post_id=1, number=number + 1, body="x" if number < 119 else None, body_html="x",
            tags=[], renderer_version=1, changed=["body"],
        )
        for number in range(120)
    )  # fmt: skip
    await db.execute(update(Post).values(revision=120))
    await db.commit()
    first, last = await browser.get(LIST), await browser.get(f"{LIST}?page=3")
    assert 'start="120"' in first.text
    assert f'href="{LIST}?page=2"' in first.text
    assert 'start="20"' in last.text
    assert "Revision 1</a>" in last.text
    assert "This page doesn’t exist" in (await browser.get(f"{LIST}?page=4")).text
    assert (await browser.get(f"{LIST}?before=nonsense")).status_code == 404


async def test_an_author_restores_a_text_which_is_an_edit_like_any_other(
    post: dict[str, object], susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    question = await susans_browser.get(f"{LIST}/1/restore")
    assert "<ins>first text.</ins>" in question.text
    assert "<del>Trains</del> <ins>Trams</ins>" in question.text
    answer = await susans_browser.submit(f"{LIST}/1/restore", {"version": version_in(question)})
    assert (answer.status_code, answer.headers["location"]) == (302, "/post/1/trams")
    page = await browser.get("/post/1/trams")
    assert "The first text." in page.text
    assert "Revision 4 Current" in words_of(await browser.get(LIST))
    assert "The third" in (await browser.get(f"{LIST}/3/text")).text
    (restored,) = await db.scalars(select(Post))
    assert (restored.version, restored.revision, restored.tags) == (4, 4, ["trams"])


async def test_restoring_names_the_version_that_was_read(
    post: dict[str, object], writer: Client, susans_browser: Browser
) -> None:
    question = await susans_browser.get(f"{LIST}/1/restore")
    await changed(writer, post, body="Changed meanwhile.")
    conflict = await susans_browser.submit(f"{LIST}/1/restore", {"version": version_in(question)})
    assert conflict.status_code == 409
    assert "The first text.</textarea>" in conflict.text
    assert "Changed meanwhile.</textarea>" in conflict.text
    form = {
        "title": "Trams", "body": "The first text.", "version": version_in(conflict),
        "copy_version": "0", "publish": "true",
    }  # fmt: skip
    answer = await susans_browser.submit("/edit/1", form)
    assert answer.status_code == 302
    for wrong in ({}, {"version": "x"}, {"version": "-1"}):
        answer = await susans_browser.submit(f"{LIST}/1/restore", wrong)
        assert answer.status_code == 422


async def test_a_text_that_is_the_current_one_is_not_restored_again(
    writer: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    post = await made(writer, body="One")
    for body in ("Two", "One"):
        await changed(writer, post, body=body)
    answer = await susans_browser.submit(f"{LIST}/1/restore", {"version": "3"})
    assert answer.status_code == 302
    assert "already has this text" in (await susans_browser.get("/post/1")).text
    assert (await db.scalars(select(Post.version))).one() == 3
    assert (await susans_browser.get(f"{LIST}/3/restore")).status_code == 403


async def test_only_those_who_may_edit_restore(
    post: dict[str, object], app: Broadside, make_user: MakeUser, browser: Browser, maud: Browser
) -> None:
    await make_user("root", role="Administrator")
    assert "/restore" not in (await maud.get(f"{LIST}/1")).text
    answer = await maud.submit(f"{LIST}/1/restore", {"version": "3"}, page="/edit-profile")
    assert answer.status_code == 403
    answer = await browser.get(f"{LIST}/1/restore")
    assert answer.headers["location"].startswith("/auth/login")
    async with Browser(app) as root:
        await root.open_session("root")
        answer = await root.submit(f"{LIST}/1/restore", {"version": "3"})
        assert answer.status_code == 302
    assert "by root" in words_of(await browser.get(LIST))


async def test_what_an_author_hides_is_shown_to_them_and_to_moderators_only(
    post: dict[str, object], susans_browser: Browser, browser: Browser, maud: Browser
) -> None:
    answer = await susans_browser.submit(f"{LIST}/2/hide", page=f"{LIST}/2")
    assert answer.headers["location"] == LIST
    for end in ("", "/text"):
        hidden = await browser.get(f"{LIST}/2{end}")
        assert hidden.status_code == 410
        assert "hidden by the author" in hidden.text
        assert "second text" not in hidden.text
        for reader in (susans_browser, maud):
            shown = await reader.get(f"{LIST}/2{end}")
            assert "second text" in shown.text
    words = words_of(await browser.get(LIST))
    assert "Revision 2 Hidden This revision was hidden by the author" in words
    assert "4 words added" not in words
    # What was removed of it is not shown either.
    page = await browser.get(f"{LIST}/3")
    assert "longer" not in page.text
    assert "The third <em>text</em>." in page.text
    assert "longer" in (await susans_browser.get(f"{LIST}/3")).text
    await susans_browser.submit(f"{LIST}/2/show", page=f"{LIST}/2")
    assert "second text" in (await browser.get(f"{LIST}/2")).text


async def test_what_a_moderator_hides_is_shown_to_moderators_only_and_written_down(
    post: dict[str, object], susans_browser: Browser, browser: Browser, maud: Browser,
    db: AsyncSession,
) -> None:  # fmt: skip
    address = f"/moderate{LIST}/1/hide"
    assert f'href="{address}"' in (await maud.get(f"{LIST}/1")).text
    assert (await maud.submit(address, {"reason": " "})).status_code == 422
    answer = await maud.submit(address, {"reason": "An address"})
    assert answer.headers["location"] == f"{LIST}/1"
    for reader in (susans_browser, browser):
        hidden = await reader.get(f"{LIST}/1")
        assert hidden.status_code == 410
        assert "hidden by a moderator" in hidden.text
    assert "The first text." in (await maud.get(f"{LIST}/1")).text
    for end in ("show", "restore"):
        answer = await susans_browser.submit(
            f"{LIST}/1/{end}", {"version": "3"}, page="/edit-profile"
        )
        assert answer.status_code in {403, 410}
    assert "Someone else has already" in (await repeated(maud, address)).text
    await maud.submit(f"/moderate{LIST}/1/show", {"reason": "It was none"})
    assert "The first text." in (await browser.get(f"{LIST}/1")).text
    about = {"post": 1, "revision": 1}
    assert await acts(db) == [
        ("maud", "hide revision", "susan", about | {"reason": "An address"}),
        ("maud", "show revision", "susan", about | {"reason": "It was none"}),
    ]


async def repeated(browser: Browser, address: str) -> httpx.Response:
    """The page after a moderation action that somebody else has done before."""
    answer = await browser.submit(address, {"reason": "x"})
    return await browser.get(answer.headers["location"])


async def test_a_moderator_hides_also_what_its_author_has_hidden(
    post: dict[str, object], susans_browser: Browser, maud: Browser
) -> None:
    await susans_browser.submit(f"{LIST}/1/hide", page=f"{LIST}/1")
    await maud.submit(f"/moderate{LIST}/1/hide", {"reason": "x"})
    assert (await susans_browser.get(f"{LIST}/1")).status_code == 410


async def test_the_current_text_is_not_hidden(
    post: dict[str, object], susans_browser: Browser, browser: Browser, maud: Browser
) -> None:
    answer = await susans_browser.submit(f"{LIST}/3/hide", page="/edit-profile")
    assert answer.status_code == 422
    assert "edit the post" in answer.text
    address = f"/moderate{LIST}/3/hide"
    assert (await maud.get(address)).status_code == 404
    assert (await maud.submit(address, {"reason": "x"}, page="/edit-profile")).status_code == 422
    for number in (4, 2**63 - 1):
        answer = await susans_browser.submit(f"{LIST}/{number}/hide", page="/edit-profile")
        assert answer.status_code == 404
    assert (await browser.get(f"{LIST}/3")).status_code == 200


async def test_only_the_author_hides_by_these_buttons(
    post: dict[str, object], app: Broadside, make_user: MakeUser, maud: Browser
) -> None:
    await make_user("root", role="Administrator")
    async with Browser(app) as root:
        await root.open_session("root")
        for browser in (root, maud):
            for end in ("hide", "show"):
                answer = await browser.submit(f"{LIST}/1/{end}", page="/edit-profile")
                assert answer.status_code == 403


async def test_a_draft_that_was_published_shows_what_readers_saw_to_its_author(
    post: dict[str, object], writer: Client, susans_browser: Browser, browser: Browser
) -> None:
    await changed(writer, post, status="draft", body="Seen by nobody")
    for end in ("", "/1", "/3", "/3/text"):
        assert (await browser.get(LIST + end)).status_code == 404
    assert "Revision 3 Latest" in words_of(await susans_browser.get(LIST))
    page = await susans_browser.get(f"{LIST}/3/text")
    assert "The third <em>text</em>." in page.text
    await susans_browser.submit(f"{LIST}/1/restore", {"version": "4"})
    assert "The first text." in (await susans_browser.get("/edit/1")).text
    assert "Revision 4" not in (await susans_browser.get(LIST)).text


async def test_a_draft_that_was_never_published_has_no_revisions(
    writer: Client, susans_browser: Browser
) -> None:
    await made(writer, status="draft")
    assert "No revisions yet" in (await susans_browser.get(LIST)).text
    assert (await susans_browser.get(f"{LIST}/1")).status_code == 404


async def test_an_editor_who_is_gone_is_not_named(
    post: dict[str, object], browser: Browser, db: AsyncSession
) -> None:
    await db.execute(update(PostRevision).values(editor_id=None))
    await db.commit()
    page = await browser.get(LIST)
    assert page.status_code == 200
    assert "UTC by susan" not in words_of(page)
    assert (await browser.get(f"{LIST}/2")).status_code == 200


async def test_of_a_post_from_before_there_were_revisions_the_editor_is_unknown(
    writer: Client, browser: Browser, db: AsyncSession
) -> None:
    post = await made(writer, body="Edited by somebody")
    await db.execute(update(Post).values(edited_at=now() - timedelta(days=1)))
    await db.commit()
    assert "UTC by susan" not in words_of(await browser.get(LIST))
    await changed(writer, post, body="Edited again")
    words = words_of(await browser.get(LIST))
    assert words.count("UTC by susan") == 1
    assert words.index("UTC by susan") < words.index("Revision 1")


async def test_texts_are_compared_at_another_time_if_too_many_wait(
    post: dict[str, object], app: Broadside, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(*_: object) -> str:
        raise OverloadedError

    monkeypatch.setattr(app.extensions["comparisons"]._pool, "run", run)
    page = await browser.get(f"{LIST}/2")
    assert page.status_code == 200
    assert "too busy to compare" in page.text


async def test_markup_in_a_text_stays_text(writer: Client, browser: Browser) -> None:
    hostile = "<script>alert(1)</script> <ins>x</ins>"
    post = await made(writer, title=hostile, body=f"{hostile} one", tags=["<b>"])
    await changed(writer, post, title=f"{hostile} more", body=f"{hostile} two", tags=["<i>"])
    for end in ("", "/1", "/2", "/1/text"):
        page = (await browser.get(LIST + end)).text
        assert "<script>alert" not in page
        assert "<b>" not in page and "<i>" not in page
    changes = (await browser.get(f"{LIST}/2")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;ins&gt;x&lt;/ins&gt; <del>one" in changes


async def test_readers_of_one_post_compare_at_the_same_time(
    post: dict[str, object], browser: Browser
) -> None:
    pages = await asyncio.gather(*(browser.get(f"{LIST}/2") for _ in range(20)))
    assert {page.status_code for page in pages} == {200}


def test_the_words_of_a_sentence_that_was_written_anew_are_not_mixed() -> None:
    old = "It was a dark and stormy night in the town."
    new = "We went to the sea and in summer it was hot."
    marked = f"<del>{old}</del> <ins>{new}</ins>"
    assert comparison_html(old, new) == f'<p class="changed" dir="auto">{marked}</p>'


def test_unchanged_lines_far_from_a_change_are_folded() -> None:
    lines = [f"Line {number}" for number in range(20)]
    old, new = "\n\n".join(lines), "\n\n".join([*lines[:15], "Another", *lines[15:]])
    html = comparison_html(old, new)
    assert "<summary>13 unchanged lines</summary>" in html
    assert '</details><p dir="auto">Line 13</p><p dir="auto">Line 14</p>' in html
    assert "<ins>Another</ins>" in html
    assert html.endswith('<p dir="auto">Line 18</p><p dir="auto">Line 19</p>')


def test_spaces_alone_are_no_difference() -> None:
    assert comparison_html("a  b\n\nc", "a b\nc ") == ""


def test_the_texts_can_be_read_from_the_marks() -> None:
    old = "One two.\n\n- three\n- four\n\nA tram of *five* words."
    new = "One 2.\n\n- three\n- and a half\n- four\n\nA train of *five* words, and more."
    html = comparison_html(old, new)
    without = {"ins": old, "del": new}
    for tag, text in without.items():
        kept = re.sub(f"<{tag}>.*?</{tag}>", "", html, flags=re.DOTALL)
        assert re.sub("<[^>]+>", " ", kept).split() == text.split()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 16_384, "b c " * 16_384),
        ("a\n" * 32_768, "\n" * 65_536),
        (" ".join(map(str, range(11_000))), " ".join(map(str, reversed(range(11_000))))),
        ("x" * 65_536, "y" * 65_536),
    ],
)
def test_long_texts_are_compared_in_bounded_time(old: str, new: str) -> None:
    html = comparison_html(old, new)
    assert "<del>" in html
    assert len(html) < 300_000
