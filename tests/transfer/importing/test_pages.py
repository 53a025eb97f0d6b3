"""The page `/import`, and the job behind it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountDeleted
from blog.core.clock import now
from blog.core.events.handlers import record
from blog.core.text.process_pool import OutOfTimeError
from blog.core.web.app import Broadside
from blog.models import (
    ImportedPost,
    ImportRemark,
    ImportState,
    Job,
    LoggedEvent,
    Media,
    Post,
    PostImport,
    PostStatus,
    User,
)
from blog.posts.counts import wrong_counts
from blog.transfer.importing import jobs, progress
from blog.transfer.importing.jobs import IMPORT_POSTS, tidy_imports
from blog.transfer.importing.processes import SourceReader
from blog.transfer.importing.uploads import (
    FOLDER,
    REMOVE_IMPORT_UPLOAD,
    SWEEP_IMPORT_UPLOADS,
    upload_key,
)
from tests.jobs import do_job, fail_for_good, finish_jobs
from tests.killed_workers import kill_worker
from tests.media.corpus import png_of
from tests.support import Browser, add_user, change_site, outbox
from tests.transfer.importing import samples
from tests.transfer.importing.samples import File, front_matter, zipped


def many(number: int) -> bytes:
    """A file with so many posts."""
    return zipped(
        {
            f"post-{n:05}.md": front_matter(
                f"Text {n} of it.", title=f"Post {n}", date=f"2019-{n % 12 + 1:02}-02"
            )
            for n in range(number)
        }
    )


async def send(browser: Browser, content: File, name: str = "blog.zip") -> httpx.Response:
    """Upload a file by the form."""
    data = content.encode() if isinstance(content, str) else content
    token = await browser.token("/import")
    return await browser.post("/import", data={"csrf_token": token}, files={"file": (name, data)})


async def press(browser: Browser, button: str) -> httpx.Response:
    """Confirm or cancel the only import."""
    return await browser.submit(f"/import/1/{button}", page="/import")


async def finish(app: Broadside) -> None:
    """Let the jobs of imports run until none waits."""
    await finish_jobs(app, IMPORT_POSTS.name, REMOVE_IMPORT_UPLOAD.name)


async def the_import(db: AsyncSession) -> PostImport:
    """The last import."""
    await db.rollback()
    newest = select(PostImport).order_by(PostImport.id.desc()).limit(1)
    return (await db.scalars(newest.execution_options(populate_existing=True))).one()


async def stored(app: Broadside) -> list[str]:
    """The uploads that are stored."""
    return [each.key for each in await app.storage.page(FOLDER)]


async def count(db: AsyncSession, table: Any) -> int:
    await db.rollback()
    return (await db.scalars(select(func.count()).select_from(table))).one()


async def test_a_site_is_checked_confirmed_and_imported(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    assert (await send(susans_browser, zipped(samples.hugo()))).status_code == 302
    page = (await susans_browser.get("/import")).text
    assert "Checking blog.zip" in page
    assert " data-running>" in page
    answer = await send(susans_browser, many(1))
    assert answer.status_code == 422
    assert "an unfinished import" in answer.text

    await finish(app)
    page = (await susans_browser.get("/import")).text
    assert "Ready to import" in page
    for words in ("2 posts", "1 draft", "2 images", "a page, not a post."):
        assert words in page
    assert (await count(db, Post), await count(db, Media)) == (0, 0)

    assert (await press(susans_browser, "confirm")).status_code == 302
    await finish(app)
    page = (await susans_browser.get("/import")).text
    assert "Import finished" in page
    for words in ("2 posts", "1 draft", "2 images", "a page, not a post."):
        assert words in page
    posts = {post.title: post for post in await db.scalars(select(Post))}
    assert {title: post.revision for title, post in posts.items()} == {
        "Trams in the rain": 1, "Guten Tag": 1, "A bundle": 0,
    }  # fmt: skip
    assert posts["Trams in the rain"].status == PostStatus.PUBLISHED
    assert posts["A bundle"].status == PostStatus.DRAFT
    assert await count(db, Media) == 2
    assert await stored(app) == []
    assert not any((await wrong_counts(db)).values())
    # Their followers are not told of old posts.
    assert set(await db.scalars(select(LoggedEvent.kind))) == {"ImportEnded"}
    assert "Your import is done" in (await susans_browser.get("/notifications")).text

    report = await susans_browser.get("/import/1/report")
    assert report.headers["content-disposition"].startswith("attachment")
    assert "my-site/content/about.md: skipped: It's a page, not a post." in report.text


async def test_the_same_file_again_adds_nothing_and_tells_what_has_changed(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    files: dict[str, File] = {"a.md": front_matter("One.", title="A"), "b.md": "# B\n\nTwo."}
    await send(susans_browser, zipped(files))
    await finish(app)
    await press(susans_browser, "confirm")
    await finish(app)
    assert await count(db, Post) == 2
    await send(susans_browser, zipped(files | {"a.md": front_matter("Changed.", title="A")}))
    await finish(app)
    page = (await susans_browser.get("/import")).text
    assert "2 items that were already here" in page
    assert "It was imported before with a different text" in page
    await susans_browser.submit("/import/2/confirm", page="/import")
    await finish(app)
    assert await count(db, Post) == 2
    assert {*await db.scalars(select(Post.body))} == {"One.", "Two."}


async def test_a_deleted_post_can_be_imported_again(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    for number in (1, 2):
        await send(susans_browser, many(1))
        await finish(app)
        await susans_browser.submit(f"/import/{number}/confirm", page="/import")
        await finish(app)
        (post_id,) = (await db.scalars(select(Post.id))).all()
        await susans_browser.submit(f"/delete/{post_id}")
        await db.rollback()
    assert await count(db, ImportedPost) == 0


async def test_slugs_that_are_taken_get_a_number(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    columns = {"body": "x", "body_html": "<p>x</p>", "renderer_version": 1}
    db.add(Post(author_id=susan.id, title="Hello", slug="hello", **columns))
    await db.commit()
    files = {f"{n}.md": front_matter("Text.", title="Hello", slug="hello") for n in range(3)}
    await send(susans_browser, zipped(files))
    await finish(app)
    page = (await susans_browser.get("/import")).text
    assert "hello-4" in page
    await press(susans_browser, "confirm")
    await finish(app)
    assert {*await db.scalars(select(Post.slug))} == {"hello", "hello-2", "hello-3", "hello-4"}


async def test_a_post_of_the_future_is_scheduled_and_one_without_a_date_is_a_draft(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    soon = (now() + timedelta(days=30)).replace(microsecond=0)
    files = {
        "soon.md": front_matter("x", title="Soon", date=soon.isoformat()),
        "late.md": front_matter("x", title="Late", date="2400-01-01"),
        "never.md": front_matter("x", title="Never", date="9999-99-99"),
        "none.md": front_matter("x", title="None"),
    }
    await send(susans_browser, zipped(files))
    await finish(app)
    await press(susans_browser, "confirm")
    await finish(app)
    posts = {post.title: post for post in await db.scalars(select(Post))}
    scheduled = posts["Soon"]
    assert (scheduled.status, scheduled.published_at) == (PostStatus.SCHEDULED, soon)
    assert (scheduled.time_zone, scheduled.scheduled_wall) == ("UTC", soon.replace(tzinfo=None))
    for title in ("Late", "Never", "None"):
        assert (posts[title].status, posts[title].published_at) == (PostStatus.DRAFT, None)
    page = (await susans_browser.get("/import")).text
    assert "“9999-99-99” isn" in page
    assert (await susans_browser.get("/drafts")).status_code == 200


async def test_an_import_goes_on_after_its_worker_was_killed_without_adding_a_post_twice(
    app: Broadside, susans_browser: Browser, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(susans_browser, many(130))
    await finish(app)
    await press(susans_browser, "confirm")
    monkeypatch.setattr(jobs, "RUN_SECONDS", 0.0)
    save_batch = progress.save_batch
    calls = 0

    async def fails_after_the_commit(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        await save_batch(*arguments)
        if calls == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(progress, "save_batch", fails_after_the_commit)
    await finish(app)
    assert calls >= 3
    row = await the_import(db)
    assert (row.state, row.counts["published"]) == (ImportState.DONE, 130)
    assert await count(db, Post) == 130
    assert await count(db, ImportedPost) == 130


@pytest.mark.live
async def test_an_import_goes_on_after_its_worker_was_killed_in_the_middle(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, many(600))
    await finish(app)
    await press(susans_browser, "confirm")

    async def has_begun() -> bool:
        return 0 < (await the_import(db)).position < 600

    await kill_worker(app, IMPORT_POSTS.name, has_begun)
    assert 0 < await count(db, Post) < 600
    await finish(app)
    row = await the_import(db)
    assert (row.state, row.position, row.counts["published"]) == (ImportState.DONE, 600, 600)
    assert "known" not in row.counts
    assert len({*await db.scalars(select(Post.title))}) == await count(db, Post) == 600
    assert await stored(app) == []


@pytest.mark.parametrize("is_confirmed", [False, True])
async def test_an_import_that_fails_for_good_says_so_and_can_be_tried_again(
    app: Broadside, susans_browser: Browser, db: AsyncSession, monkeypatch: pytest.MonkeyPatch,
    is_confirmed: bool,
) -> None:  # fmt: skip
    await send(susans_browser, many(120))
    if is_confirmed:
        await finish(app)
        await press(susans_browser, "confirm")
    save_batch, calls = progress.save_batch, 0

    async def fails_after_the_first_batch(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError("the disk is full")
        await save_batch(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(progress, "save_batch", fails_after_the_first_batch)
        await fail_for_good(app, IMPORT_POSTS)
    await do_job(app, "tidy_imports")
    page = (await susans_browser.get("/import")).text
    assert "Something went wrong on our side" in page
    assert " data-running>" not in page
    assert "Your import failed" in (await susans_browser.get("/notifications")).text
    assert [mail.purpose for mail in await outbox(app)] == ["import_failed"]
    assert len(await stored(app)) == 1
    assert await count(db, Post) == (50 if is_confirmed else 0)

    assert (await press(susans_browser, "retry")).status_code == 302
    assert "Something went wrong" not in (await susans_browser.get("/import")).text
    await finish_jobs(app, IMPORT_POSTS.name, REMOVE_IMPORT_UPLOAD.name, seconds=60)
    page = (await susans_browser.get("/import")).text
    assert ("Import finished" if is_confirmed else "Ready to import") in page
    assert "120 posts" in page
    assert await count(db, Post) == (120 if is_confirmed else 0)
    assert await stored(app) == [] or not is_confirmed


async def test_a_new_file_replaces_one_that_could_be_tried_again(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, many(1))
    await db.execute(delete(Job))
    await db.commit()
    await do_job(app, "tidy_imports")
    (old,) = await stored(app)
    token = await susans_browser.token("/import")
    await send(susans_browser, many(2))
    answer = await susans_browser.post("/import/1/retry", data={"csrf_token": token})
    assert answer.status_code == 302
    await finish(app)
    assert "2 posts" in (await susans_browser.get("/import")).text
    assert old not in await stored(app)
    assert (await db.get_one(PostImport, 1)).state == ImportState.FAILED


async def test_a_file_that_nobody_tries_again_is_deleted_after_a_week(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, many(1))
    await db.execute(delete(Job))
    await db.execute(update(PostImport).values(created_at=now() - timedelta(days=8)))
    await db.commit()
    await do_job(app, "tidy_imports")
    await finish(app)
    assert (await the_import(db)).state == ImportState.FAILED
    assert await stored(app) == []
    assert "Try again" not in (await susans_browser.get("/import")).text


async def test_a_cancelled_import_adds_no_more_and_its_file_is_deleted(
    app: Broadside, susans_browser: Browser, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(susans_browser, many(120))
    await finish(app)
    await press(susans_browser, "confirm")
    save_batch = progress.save_batch

    async def is_cancelled_meanwhile(*arguments: Any) -> None:
        await save_batch(*arguments)
        await press(susans_browser, "cancel")

    monkeypatch.setattr(progress, "save_batch", is_cancelled_meanwhile)
    await finish(app)
    row = await the_import(db)
    assert row.state == ImportState.CANCELLED
    assert 0 < await count(db, Post) < 120
    assert await stored(app) == []
    page = (await susans_browser.get("/import")).text
    assert "Import cancelled" in page
    assert 'name="file"' in page


@pytest.mark.parametrize("column", ["disabled_at", "paused_until"])
async def test_an_import_adds_no_more_once_its_owner_may_not_write(
    app: Broadside, susans_browser: Browser, db: AsyncSession, monkeypatch: pytest.MonkeyPatch,
    column: str,
) -> None:  # fmt: skip
    await send(susans_browser, many(120))
    await finish(app)
    await press(susans_browser, "confirm")
    save_batch = progress.save_batch

    async def is_kept_from_writing_meanwhile(*arguments: Any) -> None:
        await save_batch(*arguments)
        await db.execute(update(User).values({column: now() + timedelta(days=1)}))
        await db.commit()

    monkeypatch.setattr(progress, "save_batch", is_kept_from_writing_meanwhile)
    await finish(app)
    assert 0 < await count(db, Post) < 120


async def test_an_import_is_only_its_owners(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, many(1))
    await finish(app)
    await add_user(app, "david")
    async with Browser(app) as davids:
        await davids.open_session("david")
        for button in ("confirm", "cancel"):
            answer = await davids.submit(f"/import/1/{button}", page="/import")
            assert answer.status_code == 404
        assert (await davids.get("/import/1/report")).status_code == 404
        assert "blog.zip" not in (await davids.get("/import")).text
    assert (await the_import(db)).state == ImportState.CHECKED


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "This file is empty."),
        (zipped(samples.hugo())[:-30], "incomplete"),
        (samples.wordpress(head='<!DOCTYPE rss [<!ENTITY a "b">]>'), "entities"),
        (b'{"db": ' + b"[" * 100_000, "nested too deeply"),
    ],
    ids=["empty", "truncated", "entities", "deep"],
)
async def test_a_file_that_cannot_be_read_is_refused_in_words(
    app: Broadside, susans_browser: Browser, db: AsyncSession, content: File, words: str
) -> None:
    await send(susans_browser, content)
    await finish(app)
    page = (await susans_browser.get("/import")).text
    assert "be imported" in page
    assert words in page
    assert await stored(app) == []
    assert (await send(susans_browser, many(1))).status_code == 302


async def test_no_file_and_a_file_that_is_too_large_are_refused(
    app: Broadside, susans_browser: Browser
) -> None:
    answer = await susans_browser.submit("/import")
    assert answer.status_code == 422
    assert "Please choose a file." in answer.text
    await change_site(app, import_limit=1)
    answer = await send(susans_browser, b"x" * 1_500_000)
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.text
    assert await stored(app) == []


async def test_a_file_with_many_items_that_take_too_long_is_given_up(
    app: Broadside, susans_browser: Browser, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def takes_too_long(self: SourceReader, position: int, number: int) -> dict[str, Any]:
        raise OutOfTimeError

    monkeypatch.setattr(SourceReader, "_read", takes_too_long)
    await send(susans_browser, many(100))
    await finish(app)
    page = (await susans_browser.get("/import")).text
    assert "Reading too many of its items takes too long" in page
    assert (await the_import(db)).position == progress.MOST_UNREADABLE - 1
    assert await stored(app) == []


HOSTILE = {
    "long.md": front_matter("x", title="A" * 10_000, date="2020-01-01"),
    "control.md": front_matter("x", title="A\0\u202eB\x07", date="2020-01-01"),
    "tags.md": front_matter("x", title="T", tags=[f"t{n}" for n in range(1000)], date="2020-01-01"),
    "bad-tags.md": front_matter("x", title="B", tags=["a" * 300, "#", "fine"], date="2020-01-01"),
    "language.md": front_matter("x", title="L", language="klingonese", date="2020-01-01"),
    "slug.md": front_matter("x", title="S", slug="2020", date="2020-01-01"),
    "url.md": front_matter("x", title="U", canonical_url="javascript:x", date="2020-01-01"),
    "year.md": front_matter("x", title="Y", date="0000-01-01"),
    "huge.md": front_matter("word " * 20_000, title="H", date="2020-01-01"),
    "intricate.md": front_matter("[" * 60_000, title="I", date="2020-01-01"),
    "invisible.md": front_matter("[a]: https://example.com", title="V", date="2020-01-01"),
    "spaces.md": front_matter("x", title="   ", slug=" ", tags=["  "], date="2020-01-01"),
    "emoji.md": front_matter("x", title="👋", tags=["#", "👋", "a b", "#c"], date="2020-01-01"),
    "keys.md": "+++\n" + "a." * 32_000 + "a = 1\n+++\nx",
    "fine.md": front_matter("x", title="Fine", date="2020-01-01"),
}


async def test_what_no_post_can_have_is_left_out_with_words_and_the_others_come(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, zipped(HOSTILE))
    await finish(app)
    await press(susans_browser, "confirm")
    await finish(app)
    posts = {post.title: post for post in await db.scalars(select(Post))}
    assert {*posts} == {"A" * 199 + "…", "AB", "T", "B", "L", "S", "U", "Y", "👋", None, "Fine"}
    assert (posts["👋"].tags, posts[None].tags, posts[None].slug) == (
        ["👋", "a b", "c"],
        [],
        "spaces",
    )
    assert posts["T"].tags == [f"t{n}" for n in range(10)]
    assert posts["B"].tags == ["fine"]
    assert posts["S"].slug == "post-2020"
    assert (posts["L"].language, posts["U"].canonical_url) == (None, None)
    assert posts["Y"].status == PostStatus.DRAFT
    rows = await db.execute(select(ImportRemark.item, ImportRemark.is_left_out))
    said = {row.item: row.is_left_out for row in rows}
    assert {*said} == {*HOSTILE} - {"control.md", "spaces.md", "emoji.md", "fine.md"}
    assert {item for item, left_out in said.items() if left_out} == {
        "huge.md", "intricate.md", "invisible.md", "keys.md",
    }  # fmt: skip


async def test_an_image_that_is_none_stays_an_address(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    files: dict[str, File] = {
        "a.md": front_matter("![One](one.png) ![Two](two.png)", title="A", date="2020-01-01"),
        "one.png": samples.picture(),
        "two.png": b"no image",
    }
    await send(susans_browser, zipped(files))
    await finish(app)
    await press(susans_browser, "confirm")
    await finish(app)
    (post,) = (await db.scalars(select(Post))).all()
    (name,) = (await db.scalars(select(Media.name))).all()
    assert post.body == f"![One](/media/{name}) ![Two](two.png)"
    assert f"/media/{name}" in post.body_html
    (remark,) = (await db.scalars(select(ImportRemark.remark))).all()
    assert remark.startswith("The image two.png is skipped: This isn't a supported image")


async def test_an_import_is_remarked_on_in_the_language_of_the_page_on_which_it_was_begun(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await change_site(app, languages=("en", "de"))
    susans_browser.headers["Accept-Language"] = "de"
    files: dict[str, File] = {
        "a.md": front_matter("![One](one.png)", title="A", date="2020-01-01"),
        "one.png": png_of(60_000, 60_000),
    }
    await send(susans_browser, zipped(files))
    await finish(app)
    await press(susans_browser, "confirm")
    await finish(app)
    (remark,) = (await db.scalars(select(ImportRemark.remark))).all()
    # The process that has looked at the image writes numbers as German does, too.
    assert "3.600" in remark


async def test_a_mail_tells_of_an_import_that_has_taken_long(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, many(2))
    await finish(app)
    await press(susans_browser, "confirm")
    await db.execute(update(PostImport).values(started_at=now() - timedelta(minutes=2)))
    await db.commit()
    await finish(app)
    (mail,) = await outbox(app)
    assert mail.recipient == "susan@example.com"
    assert "Your import of blog.zip is finished" in mail.text
    assert "2 posts" in mail.text


async def test_imports_of_a_deleted_account_are_deleted_with_their_files(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await send(susans_browser, many(1))
    await finish(app)
    assert len(await stored(app)) == 1
    async with app.database.session() as session:
        await record(session, AccountDeleted(susan.id))
        await session.commit()
    await finish(app)
    assert await count(db, PostImport) == 0
    assert await stored(app) == []


async def test_old_reports_and_forgotten_files_are_deleted(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send(susans_browser, many(1))
    await finish(app)
    await db.execute(update(PostImport).values(created_at=now() - timedelta(days=8)))
    await db.commit()
    async with app.database.session() as session:
        assert await tidy_imports(session) == 1
        await session.commit()
    await finish(app)
    assert (await the_import(db)).state == ImportState.CANCELLED
    assert await stored(app) == []
    await db.execute(update(PostImport).values(created_at=now() - timedelta(days=31)))
    await db.commit()
    async with app.database.session() as session:
        assert await tidy_imports(session) == 1
        await session.commit()
    assert await count(db, PostImport) == 0


async def test_an_upload_that_belongs_to_no_import_is_deleted(
    app: Broadside, susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(susans_browser, many(1))

    async def content() -> AsyncIterator[bytes]:
        yield b"x"

    await app.storage.put(upload_key("0" * 32), content())
    kept = [key for key in await stored(app) if "0" * 32 not in key]
    await do_job(app, SWEEP_IMPORT_UPLOADS.name)
    assert len(await stored(app)) == 2
    monkeypatch.setattr("blog.transfer.importing.uploads.ABANDONED_AFTER", -timedelta(minutes=1))
    await do_job(app, SWEEP_IMPORT_UPLOADS.name)
    assert await stored(app) == kept
    assert len(kept) == 1
