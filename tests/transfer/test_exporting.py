"""Exporting one's data: asking for the archive, its job, its content, and its end."""

import asyncio
import json
import os
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.storage.interface import StorageUnavailableError
from blog.core.web.app import Broadside
from blog.models import (
    AuditEntry,
    Comment,
    Export,
    ExportState,
    Follow,
    Post,
    PostDraft,
    PostRevision,
    PostStatus,
    Report,
    User,
)
from blog.transfer.exporting.archive import Archive as ArchiveMade
from blog.transfer.exporting.jobs import KEPT_FOR, MAKE_EXPORT, tidy_exports
from blog.transfer.exporting.zipping import zip_stream
from tests.accounts.deletions import finish_deletions
from tests.api.support import Client, add_token
from tests.jobs import do_job, fail_for_good, finish_jobs, stored_jobs
from tests.killed_workers import kill_worker
from tests.media.corpus import encoded, picture
from tests.media.support import finish_jobs as finish_media_jobs
from tests.media.support import uploaded
from tests.posts.test_fields import made
from tests.posts.test_posts import add_posts
from tests.support import PASSWORD, Browser, add_user, link_in, outbox
from tests.transfer.support import (
    EXPORT,
    EXPORT_JOBS,
    Archive,
    ask,
    download_address,
    exported,
    stored_archives,
)

PUBLISHED = {
    "title": "Yes: the 👋 tram", "body": "First\r\n\r\n---\ntitle: no\n---\n  last  \n\n",
    "tags": ["#Trams", "public transport", "真"], "language": "pt-BR", "excerpt": 'He said "1e3"',
    "canonical_url": "https://elsewhere.example/tram", "comments_open": False,
}  # fmt: skip


@pytest.fixture
async def writer(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's token."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def fields_of(db: AsyncSession, post_id: int) -> dict[str, Any]:
    """What the front matter of a post must say."""
    post = await db.get_one(Post, post_id, populate_existing=True)
    times = ("published_at", "created_at", "edited_at", "pinned_at", "hidden_at")
    fields = {
        "id": post.id, "title": post.title, "slug": post.slug, "tags": post.tags or None,
        "language": post.language, "status": post.status, "excerpt": post.summary,
        "canonical_url": post.canonical_url, "comments_open": post.comments_open,
        "comments_limited": post.comments_limited,
        "revision": post.revision, "hidden_reason": post.hidden_reason,
        **{name: moment.isoformat() for name in times if (moment := getattr(post, name))},
    }  # fmt: skip
    current = (PostRevision.post_id == post_id, PostRevision.body.is_(None))
    if revised_at := await db.scalar(select(PostRevision.created_at).where(*current)):
        fields |= {"revised_at": revised_at.isoformat(), "revised_by": "susan"}
    if post.scheduled_wall and post.status == PostStatus.SCHEDULED:
        fields |= {"scheduled_for": post.scheduled_wall.isoformat(), "time_zone": post.time_zone}
    return {name: value for name, value in fields.items() if value is not None}


async def test_each_post_is_a_file_that_says_what_the_site_knows_of_it(
    app: Broadside, susans_browser: Browser, writer: Client, db: AsyncSession
) -> None:
    in_spring = f"{now().year + 1}-04-01T09:30"
    for fields in (
        PUBLISHED,
        {"body": "A note, 👩‍👩‍👧\u200d and \u2028 all"},
        {"title": "Later", "status": "scheduled", "scheduled_for": in_spring,
         "time_zone": "Europe/Lisbon"},
        {"title": "Unfinished", "status": "draft"},
        {"status": "draft"},
        {"title": "Taken back"},
        {"title": "Hidden"},
        {"title": "Long ago"},
        {"title": "Pinned"},
    ):  # fmt: skip
        await made(writer, **fields)
    await writer.patch("/posts/6", json={"status": "draft"})
    for number, values in (
        (1, {"edited_at": now()}),
        (5, {"body": ""}),
        (7, {"hidden_at": now(), "hidden_reason": "It: was #spam"}),
        (8, {"published_at": datetime(1969, 7, 20, 20, 17, tzinfo=UTC)}),
        (9, {"pinned_at": now()}),
    ):
        await db.execute(update(Post).where(Post.id == number).values(**values))
    await db.commit()
    documents = (await exported(app, susans_browser)).documents()
    today = f"{now():%Y-%m-%d}"
    assert set(documents) == {
        f"{today}-yes-the-wave-tram.md", f"{today}-2.md", f"{in_spring[:10]}-later.md",
        "draft-unfinished.md", "draft-5.md", "draft-taken-back.md", f"{today}-hidden.md",
        "1969-07-20-long-ago.md", f"{today}-pinned.md",
    }  # fmt: skip
    for fields, body in documents.values():
        assert fields == await fields_of(db, fields["id"])
        assert body == (await db.get_one(Post, fields["id"])).body
    assert documents[f"{today}-hidden.md"].fields["hidden_at"]
    assert documents[f"{today}-hidden.md"].fields["hidden_reason"] == "It: was #spam"
    assert documents[f"{in_spring[:10]}-later.md"].fields["scheduled_for"] == f"{in_spring}:00"


async def test_working_copies_are_files_of_their_own(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    bob = await add_user(app, "bob")
    await add_posts(db, susan, 1)
    for editor, text in ((susan, "Better"), (bob, "of another")):
        fields = {"title": "Yes", "body": text, "tags": "a, b", "comments_open": "true", "slug": ""}
        db.add(PostDraft(post_id=1, editor_id=editor.id, fields=fields, base_version=1))
    await db.commit()
    archive = await exported(app, susans_browser)
    [(name, copy)] = archive.documents("working-copies").items()
    assert (name, copy.body) == ("1.md", "Better")
    assert copy.fields.pop("saved_at")
    assert copy.fields == {"post_id": 1, "title": "Yes", "tags": "a, b", "comments_open": "true"}


async def test_the_texts_before_each_edit_are_files_of_their_own(
    app: Broadside, susans_browser: Browser, writer: Client
) -> None:
    post = await made(writer, title="First", body="One", tags=["a"], excerpt="Short")
    for fields in ({"title": "Second", "body": "Two", "tags": []}, {"body": "Three"}):
        assert (await writer.patch(post["url"], json=fields)).status_code == 200
    archive = await exported(app, susans_browser)
    [(current, body)] = archive.documents().values()
    assert (current["revision"], current["revised_by"], body) == (3, "susan", "Three")
    revisions = archive.documents("revisions")
    assert {name: document.body for name, document in revisions.items()} == {
        "1/1.md": "One", "1/2.md": "Two",
    }  # fmt: skip
    first = revisions["1/1.md"].fields
    assert datetime.fromisoformat(first.pop("created_at")) == datetime.fromisoformat(
        post["timestamp"]
    )
    assert first == {
        "post_id": 1, "number": 1, "title": "First", "tags": ["a"], "excerpt": "Short",
        "editor": "susan",
    }  # fmt: skip


async def test_a_cover_is_the_address_of_an_image(
    app: Broadside, susans_browser: Browser, writer: Client
) -> None:
    image = await uploaded(app, writer, encoded(picture(), "PNG"))
    await made(writer, cover=image["id"])
    archive = await exported(app, susans_browser)
    [(fields, _)] = archive.documents().values()
    [listed] = archive.json("media.json")
    assert (fields["cover"], listed["id"]) == (listed["address"], image["id"])


async def test_images_are_in_the_archive_and_a_list_tells_them_apart(
    app: Broadside, susans_browser: Browser, writer: Client, susan: User
) -> None:
    image = encoded(picture(), "PNG")
    made = await uploaded(app, writer, image, alt="Quarters", caption="Four")
    token = await susans_browser.token("/media/")
    broken = encoded(picture(30, 30), "JPEG")
    await susans_browser.post(
        "/media/", data={"csrf_token": token}, files={"file": ("photo.jpg", broken)}
    )
    archive = await exported(app, susans_browser)
    ready, waiting = archive.json("media.json")
    assert ready["address"] in made["image_url"]
    assert (ready["alt"], ready["caption"]) == ("Quarters", "Four")
    assert (ready["width"], ready["height"]) == (40, 20)
    assert ready["file"] == f"media/{ready['name']}.webp"
    assert archive.files[ready["file"]][8:12] == b"WEBP"
    # One that is not processed yet is there as it was sent.
    assert waiting["file"].endswith(".jpg")
    assert archive.files[waiting["file"]] == broken
    assert json.loads(archive.files["profile.json"])["avatar"] is None


async def test_an_image_without_a_file_is_listed(
    app: Broadside, susans_browser: Browser, writer: Client
) -> None:
    await uploaded(app, writer, encoded(picture(), "PNG"))
    stored = await app.storage.page("media")
    await app.storage.delete(*(each.key for each in stored))
    [listed] = (await exported(app, susans_browser)).json("media.json")
    assert listed["file"] is None


async def test_the_avatar_is_an_image_of_the_list(app: Broadside, susans_browser: Browser) -> None:
    token = await susans_browser.token("/edit-profile")
    answer = await susans_browser.post(
        "/edit-profile/avatar",
        data={"csrf_token": token},
        files={"file": ("me.png", encoded(picture(300, 300), "PNG"))},
    )
    assert answer.status_code == 302
    await finish_media_jobs(app)
    archive = await exported(app, susans_browser)
    [listed] = archive.json("media.json")
    assert archive.json("profile.json")["avatar"] == listed["name"]
    assert listed["file"] in archive.files


async def test_the_archive_has_everything_of_one_person_and_nothing_of_others(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    bob = await add_user(app, "bob", name="Bob Secret")
    [open_post, secret, own] = [
        *await add_posts(db, bob, 2),
        *await add_posts(db, susan, 1),
    ]
    open_post.title, secret.title = "Open to all", "Secret plan"
    secret.status = PostStatus.DRAFT
    for author, post in ((susan, open_post), (susan, secret), (bob, own)):
        db.add(Comment(author_id=author.id, post_id=post.id, body=f"by {author.username}",
                       body_html="x", renderer_version=1))  # fmt: skip
    db.add(Follow(follower_id=bob.id, followed_id=susan.id))
    db.add(Report(reporter_id=susan.id, post_id=open_post.id, reason="Spam"))
    db.add(
        AuditEntry(
            actor_id=bob.id, actor_name="bob", act="disable account", subject_id=susan.id,
            subject_name="susan", details={"reason": "ü"},
        )
    )  # fmt: skip
    await db.execute(update(User).where(User.id == susan.id).values(name="Susan", location="Here"))
    await db.commit()
    await susans_browser.submit("/auth/delete-account", {"password": PASSWORD})
    archive = await exported(app, susans_browser)

    assert archive.json("profile.json")["location"] == "Here"
    assert archive.json("account.json")["email"] == "susan@example.com"
    on_open, on_secret = archive.json("comments.json")
    assert (on_open["body"], on_open["post_title"], on_open["post_author"]) == (
        "by susan", "Open to all", "bob",
    )  # fmt: skip
    assert on_open["url"] == f"https://blog.test/comment/{on_open['id']}"
    assert on_open["post_url"] == f"https://blog.test/post/{open_post.id}"
    assert (on_secret["post_title"], on_secret["post_author"]) == (None, None)
    assert [each["username"] for each in archive.json("followers.json")] == ["bob"]
    assert archive.json("following.json") == []
    assert [each["reason"] for each in archive.json("reports.json")] == ["Spam"]
    assert archive.json("sessions.json")[0]["network_address"] == "127.0.0.1"
    assert [each["purpose"] for each in archive.json("mails.json")] == ["delete_account"]
    assert archive.json("audit-entries.json")[0]["details"] == {"reason": "ü"}
    assert archive.json("export.json")["site"] == "https://blog.test"
    assert len(archive.documents()) == 1
    readme = archive.files["README.md"].decode()
    assert readme.startswith("# susan's data on Broadside\n")
    assert all(
        f"`{name}`" in readme for name in archive.files if "/" not in name if name != "README.md"
    )
    everything = b"".join(archive.files.values())
    for secret_text in (b"Secret plan", b"Bob Secret", b"bob@example.com", b"by bob",
                        b"password_hash", b"token_hash"):  # fmt: skip
        assert secret_text not in everything


async def test_nobody_learns_from_an_export_who_has_reported_them_or_what_moderators_thought(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    bob = await add_user(app, "bob")
    await add_user(app, "maud", role="Moderator")
    [post] = await add_posts(db, susan, 1)
    db.add(Report(reporter_id=bob.id, post_id=post.id, author_id=susan.id, reason="Spam"))
    await db.commit()
    async with Browser(app) as maud:
        await maud.log_in("maud")
        answer = await maud.submit("/moderate/reports/1/dismiss", {"reason": "A feud with Bob"})
        assert answer.status_code == 302
        about_maud = await exported(app, maud)
    archive = await exported(app, susans_browser)
    assert archive.json("audit-entries.json") == archive.json("moderation-log.json") == []
    assert b"feud" not in b"".join(archive.files.values())
    [entry], [opening] = map(about_maud.json, ("audit-entries.json", "moderation-log.json"))
    assert (entry["details"]["reason"], opening["fact"]) == ("A feud with Bob", "moderator")


async def test_tokens_are_listed_without_what_opens_anything(
    app: Broadside, susans_browser: Browser, writer: Client
) -> None:
    (token,) = (await exported(app, susans_browser)).json("api-tokens.json")
    assert set(token) == {"name", "scopes", "created_at", "last_used_at", "expires_at"}


async def test_the_page_tells_how_far_the_export_is_and_a_mail_that_it_is_ready(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_posts(db, susan, 3)
    page = (await susans_browser.get(EXPORT)).text
    assert "Create an export" in page and ">Download</a>" not in page
    await ask(susans_browser)
    page = (await susans_browser.get(EXPORT)).text
    assert "Starting soon" in page and 'action="/auth/export"' not in page
    await db.execute(update(Export).values(state="running", files_done=2, files_total=3))
    await db.commit()
    page = (await susans_browser.get(EXPORT)).text
    assert "2 of 3 posts and images added" in page
    assert await outbox(app) == []

    await finish_jobs(app, *EXPORT_JOBS)
    page = (await susans_browser.get(EXPORT)).text
    assert "Your export is ready" in page and "Create a new export" in page
    [mail] = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("export_ready", susan.email)
    assert link_in(mail) == EXPORT


async def test_an_address_that_is_not_confirmed_gets_no_mail(app: Broadside) -> None:
    await add_user(app, "newcomer", confirmed=False)
    async with Browser(app) as browser:
        await browser.open_session("newcomer")
        assert (await exported(app, browser)).json("account.json")["confirmed_at"] is None
    assert await outbox(app) == []


async def test_the_archive_is_a_private_file(
    app: Broadside, susans_browser: Browser, browser: Browser
) -> None:
    await exported(app, susans_browser)
    address = await download_address(susans_browser) or ""
    answer = await susans_browser.get(address)
    name = f"susan-{now():%Y-%m-%d}.zip"
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert answer.headers["content-type"] == "application/zip"
    assert "no-store" in answer.headers["cache-control"]
    part = await susans_browser.get(address, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PK\3\4")

    assert (await browser.get(address)).status_code == 302
    await add_user(app, "admin", role="Administrator")
    async with Browser(app) as others:
        await others.open_session("admin")
        assert (await others.get(address)).status_code == 404
    [key] = await stored_archives(app)
    for guess in (f"/media/{key}", f"/media/{key.rpartition('/')[2]}", f"/{key}"):
        assert (await browser.get(guess)).status_code == 404


async def test_an_export_that_is_not_ready_cannot_be_downloaded(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await ask(susans_browser)
    export_id = (await db.scalars(select(Export.id))).one()
    assert (await susans_browser.get(f"{EXPORT}/{export_id}")).status_code == 404
    assert (await susans_browser.get(f"{EXPORT}/{export_id + 1}")).status_code == 404


async def test_asking_twice_at_once_makes_one_export(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    token = await susans_browser.token(EXPORT)
    answers = await asyncio.gather(
        *(susans_browser.post(EXPORT, data={"csrf_token": token}) for _ in range(2))
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    await ask(susans_browser)
    assert await db.scalar(select(func.count(Export.id))) == 1
    assert len(await stored_jobs(app)) == 1
    await finish_jobs(app, *EXPORT_JOBS)
    assert len(await stored_archives(app)) == 1


async def test_exports_have_a_quota(app: Broadside, susans_browser: Browser) -> None:
    for _ in range(2):
        await exported(app, susans_browser)
    answer = await susans_browser.submit(EXPORT)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 60


async def test_a_newer_export_replaces_the_older_one_when_it_is_ready(
    app: Broadside, susans_browser: Browser
) -> None:
    await exported(app, susans_browser)
    first = await download_address(susans_browser)
    await ask(susans_browser)
    assert await download_address(susans_browser) == first
    await finish_jobs(app, *EXPORT_JOBS)
    assert await download_address(susans_browser) not in {first, None}
    assert (await susans_browser.get(first or "")).status_code == 404
    assert len(await stored_archives(app)) == 1


async def test_an_export_is_deleted_after_a_week(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await exported(app, susans_browser)
    address = await download_address(susans_browser) or ""
    for age, is_there in (
        (KEPT_FOR - timedelta(hours=1), True),
        (KEPT_FOR + timedelta(hours=1), False),
    ):
        await db.execute(update(Export).values(finished_at=now() - age))
        await tidy_exports(db)
        await db.commit()
        await finish_jobs(app, *EXPORT_JOBS)
        assert ((await susans_browser.get(address)).status_code == 200) is is_there
        assert (len(await stored_archives(app)) == 1) is is_there


async def test_a_file_without_a_row_goes_after_a_week(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await exported(app, susans_browser)
    await db.execute(delete(Export))
    await db.commit()
    await do_job(app, "sweep_exports")
    [key] = await stored_archives(app)
    old = (now() - KEPT_FOR - timedelta(days=2)).timestamp()
    os.utime(app.settings.storage_folder / key, (old, old))
    await do_job(app, "sweep_exports")
    assert await stored_archives(app) == []


@pytest.mark.parametrize("is_ready", [True, False])
async def test_exports_go_with_their_account(
    app: Broadside, susans_browser: Browser, db: AsyncSession, is_ready: bool
) -> None:
    await ask(susans_browser)
    if is_ready:
        await finish_jobs(app, *EXPORT_JOBS)
    await susans_browser.submit("/auth/delete-account", {"password": PASSWORD})
    link = link_in((await outbox(app))[-1])
    assert (await susans_browser.submit(link)).status_code == 302
    assert await db.scalar(select(func.count(Export.id))) == 0
    await finish_deletions(app)
    await finish_jobs(app, *EXPORT_JOBS)
    assert await stored_archives(app) == []


async def test_an_export_whose_account_goes_meanwhile_is_thrown_away(
    app: Broadside, susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(susans_browser)
    put = app.storage.put

    async def put_and_leave(*arguments: Any) -> int:
        size = await put(*arguments)
        await susans_browser.submit("/auth/delete-account", {"password": PASSWORD})
        await susans_browser.submit(link_in((await outbox(app))[-1]))
        return size

    monkeypatch.setattr(app.storage, "put", put_and_leave)
    await finish_jobs(app, "make_export")
    assert await stored_archives(app) == []
    assert [job.kind for job in await stored_jobs(app) if job.kind in EXPORT_JOBS] == [
        "remove_export"
    ]


async def test_a_failure_is_told_and_one_may_ask_again(
    app: Broadside, susans_browser: Browser, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(susans_browser)

    async def fail(*_: Any) -> int:
        raise StorageUnavailableError("it is away")

    with monkeypatch.context() as patched:
        patched.setattr(app.storage, "put", fail)
        await fail_for_good(app, MAKE_EXPORT)
    await do_job(app, "tidy_exports")
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("export_failed", "susan@example.com")
    assert "Your export failed" in (await susans_browser.get(EXPORT)).text
    archive = await exported(app, susans_browser)
    assert "README.md" in archive.files
    assert "failed" not in (await susans_browser.get(EXPORT)).text
    assert (await db.scalars(select(Export.state))).all() == [ExportState.READY]


@pytest.mark.parametrize("stores", [True, False])
@pytest.mark.live
async def test_a_worker_that_is_killed_in_the_middle_leaves_its_work_to_another(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession, stores: bool
) -> None:
    await add_posts(db, susan, 3)
    await ask(susans_browser)

    async def is_in_the_middle() -> bool:
        is_running = "We’re preparing your export" in (
            page := (await susans_browser.get(EXPORT)).text
        )
        has_begun = is_running and "Starting soon" not in page
        return bool(await stored_archives(app)) if stores else has_begun

    await kill_worker(app, "make_export", is_in_the_middle, stores=stores)
    assert await download_address(susans_browser) is None
    await finish_jobs(app, *EXPORT_JOBS)
    answer = await susans_browser.get(await download_address(susans_browser) or "")
    assert len(Archive(answer.content).documents()) == 3
    assert len(await stored_archives(app)) == 1
    assert len(await outbox(app)) == 1


async def test_memory_does_not_grow_with_the_posts(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    body = "A sentence that is not too short. " * 300
    rows = {"author_id": susan.id, "body": body, "body_html": "x", "renderer_version": 1}
    peaks = []
    for number in (100, 900):
        await db.execute(insert(Post), [rows] * number)
        await db.commit()
        account = await db.get_one(User, susan.id)
        await db.refresh(account, ["role"])
        async with app.app_context():
            archive = ArchiveMade(app.database, app.storage, account)
            tracemalloc.start()
            size = 0
            async for piece in zip_stream(archive.files()):
                size += len(piece)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert archive.files_done == await archive.count_files()
    assert archive.files_done == 1_000
    # Of each file half a kilobyte stays until the end; the posts have 10 MB.
    assert peaks[1] - peaks[0] < 1_300_000, peaks
