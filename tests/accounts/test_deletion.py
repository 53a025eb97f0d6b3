"""Deleted accounts are hidden at once, and deleted in batches that block nobody."""

import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.routing import Rule

from blog.accounts.deletion import jobs
from blog.accounts.deletion.jobs import (
    FIND_DELETED_ACCOUNTS,
    REMOVE_DELETED_ACCOUNT,
    enqueue_removal,
)
from blog.accounts.deletion.rows import ROWS_AT_ONCE
from blog.accounts.deletion.texts import POSTS_AT_ONCE
from blog.core.web.app import Broadside
from blog.models import AuditEntry, Base, Comment, Follow, Job, Post, Report, User
from blog.posts.counts import wrong_counts
from tests.accounts.deletions import (
    TRACES,
    Site,
    finish_deletions,
    haunted_site,
    leave,
    pending,
    remove_batch,
)
from tests.api.support import Client, add_token
from tests.jobs import at_work, stored_jobs
from tests.servers import Program, settings_of, until
from tests.support import PASSWORD, Browser

MakeUser = Callable[..., Awaitable[User]]
# Query strings of lists, beside the first page.
QUERIES = {
    "/api/": ("?cursor=",),
    "/admin/users": ("?q=ghost", "?q=deleted", "?state=disabled"),
    "/post/": ("?page=-1",),
}


async def number_of(db: AsyncSession, table: type[Base]) -> int:
    return (await db.scalars(select(func.count()).select_from(table))).one()


def addresses(app: Broadside, site: Site) -> Iterator[str]:
    """A URL of each page and list, about the deleted user and about others."""
    comments = (site.ghosts_comment, site.readers_comment)
    values = {
        "post_id": (site.ghosts_posts[-1], site.readers_post),
        "comment_id": comments,
        "user_id": (site.ghost.id, site.reader.id),
        "username": (site.ghost.username, site.reader.username, f"deleted-{site.ghost.id}"),
        "who": (site.ghost.username, site.ghost.id, site.reader.id),
    }
    for rule in app.url_map.iter_rules():
        # The log keeps names, and a stream has no end.
        if "GET" not in (rule.methods or ()) or rule.endpoint in {"admin.audit", "live.stream"}:
            continue
        if rule.rule.startswith("/api/v1.0/"):  # The same views again.
            continue
        queries = next((QUERIES[start] for start in QUERIES if rule.rule.startswith(start)), ())
        for address in _of_rule(rule, values):
            yield from (address + query for query in ("", *queries))
    for action in ("disable", "enable"):
        yield from (f"/moderate/{action}/{comment}" for comment in comments)
    for action in ("hide", "show"):
        yield from (f"/moderate/{action}/{post}" for post in (*site.ghosts_posts[-1:], 1))


def _of_rule(rule: Rule, values: dict[str, tuple[object, ...]]) -> Iterator[str]:
    if not rule.arguments:
        yield rule.rule
    elif len(rule.arguments) == 1 and (name := next(iter(rule.arguments))) in values:
        for value in values[name]:
            built = rule.build({name: value})
            assert built
            yield built[1]


async def traces(app: Broadside, site: Site, visitors: list[Browser], api: Browser) -> set[str]:
    """The traces of the deleted user, with their URLs."""
    found = set()
    for address in addresses(app, site):
        for visitor in [api] if address.startswith("/api/") else visitors:
            answer = await visitor.get(address)
            assert answer.status_code < 500, address
            text = f"{answer.text} {answer.headers}"
            if answer.status_code in {302, 404}:  # The response may repeat the requested name.
                for name in (site.ghost.username, f"deleted-{site.ghost.id}"):
                    text = text.replace(name, "") if name in address else text
            found |= {f"{trace} in {address}" for trace in TRACES if trace in text}
    return found


async def test_nobody_finds_anything_of_the_person_from_the_first_moment(
    app: Broadside, db: AsyncSession, make_user: MakeUser
) -> None:
    site = await haunted_site(app)
    root = await make_user("root", role="Administrator")
    ghosts, stranger, reader, admin = (Browser(app) for _ in range(4))
    for visitor, name in ((ghosts, "ghostly"), (reader, "reader"), (admin, "root")):
        await visitor.log_in(name)
    reader.cookies.set("tab", "followed", domain="blog.test")
    api = Browser(app)
    api.headers["Authorization"] = f"Bearer {await add_token(app, root)}"
    visitors = [stranger, reader, admin]
    before = await traces(app, site, visitors, api)
    assert {trace for trace in TRACES if any(found.startswith(trace) for found in before)} == {
        *TRACES
    } - {"deleted-"}, "what is looked for can be found"

    await leave(app, site.ghost)

    assert await number_of(db, Post) == 4, "nothing is removed yet"
    assert await traces(app, site, visitors, api) == set()
    # Knowing an id does not help.
    for path in (
        f"/posts/{site.ghosts_posts[0]}", f"/users/{site.ghost.id}",
        f"/comments/{site.ghosts_comment}", f"/comments/{site.readers_comment}",
        f"/users/{site.ghost.id}/posts/", f"/users/{site.ghost.id}/timeline/",
    ):  # fmt: skip
        assert (await api.get(f"/api/v1{path}")).status_code == 404, path
    async with Client(app, auth=(root.email, PASSWORD)) as client:
        for method, path, body in (
            ("POST", f"/posts/{site.ghosts_posts[0]}/comments/", {"body": "x"}),
            ("PUT", f"/posts/{site.ghosts_posts[0]}", {"body": "x"}),
            ("DELETE", f"/posts/{site.ghosts_posts[0]}", None),
            ("PUT", f"/users/{site.ghost.id}/follow", None),
            ("POST", f"/comments/{site.ghosts_comment}/disable", {"reason": "x"}),
        ):
            assert (await client.request(method, path, json=body)).status_code == 404, path
    # The user is logged out, and the name and address are available again.
    assert (await ghosts.get("/edit-profile")).status_code == 302
    for login in ("ghostly", "ghostly@example.com", f"deleted-{site.ghost.id}"):
        form = {"email": login, "password": PASSWORD}
        assert (await stranger.submit("/auth/login", form)).status_code == 422, login
    again = await make_user("ghostly")
    assert (await api.get("/api/v1/users/ghostly")).json()["id"] == again.id
    for visitor in (ghosts, stranger, reader, admin, api):
        await visitor.aclose()


async def test_everything_is_removed_and_every_count_is_right(
    app: Broadside, db: AsyncSession
) -> None:
    site = await haunted_site(app, posts=45, comments=130, follows=230)
    db.add(AuditEntry(actor_id=site.ghost.id, actor_name="ghostly", act="x", subject_name="x"))
    await db.execute(
        update(Comment)
        .where(Comment.id == site.readers_comment)
        .values(disabled_at=func.now(), disabled_by_id=site.ghost.id, disabled_reason="x")
    )
    await db.commit()
    await leave(app, site.ghost)
    await finish_deletions(app)
    left = {table: await number_of(db, table) for table in (Post, Comment, Follow, Report)}
    assert left == {Post: 1, Comment: 0, Follow: 0, Report: 0}
    assert await number_of(db, User) == 231
    assert not any((await wrong_counts(db)).values())
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.actor_id, entry.actor_name) == (None, "ghostly"), "the audit log keeps the name"


async def test_no_batch_removes_more_than_a_few_rows(app: Broadside, db: AsyncSession) -> None:
    site = await haunted_site(app, posts=45, comments=130, follows=230)
    await leave(app, site.ghost)
    tables = (Post, Comment, Follow, Report)
    before = [await number_of(db, table) for table in tables]
    while await pending(app):
        await remove_batch(app)
        after = [await number_of(db, table) for table in tables]
        gone = [old - new for old, new in zip(before, after, strict=True)]
        assert gone[0] <= POSTS_AT_ONCE
        assert sum(gone[1:]) <= ROWS_AT_ONCE
        before = after
        await db.commit()


async def test_a_batch_waits_for_nobody_and_is_tried_again(
    app: Broadside, db: AsyncSession
) -> None:
    site = await haunted_site(app)
    await leave(app, site.ghost)
    await db.execute(select(Post).where(Post.id == site.ghosts_posts[0]).with_for_update())
    async with at_work(app, REMOVE_DELETED_ACCOUNT):

        async def has_failed() -> bool:
            return any(job.last_error for job in await stored_jobs(app))

        await until(has_failed)
        (job,) = await stored_jobs(app)
        assert "lock timeout" in (job.last_error or "")
        async with app.database.session() as other:
            assert await number_of(other, Post) == 4
        await db.commit()
        await until(lambda: is_done(app))
    assert await number_of(db, Post) == 1


async def is_done(app: Broadside) -> bool:
    """Whether no rows of deleted accounts are left, including their jobs."""
    return not await pending(app) and not await stored_jobs(app)


async def test_two_accounts_are_removed_by_two_workers(app: Broadside, db: AsyncSession) -> None:
    ghost = (await haunted_site(app, posts=30, follows=30)).ghost
    other = (await db.scalars(select(User).where(User.username == "user0"))).one()
    for user in (ghost, other):
        await leave(app, user)
    async with at_work(app, REMOVE_DELETED_ACCOUNT), at_work(app, REMOVE_DELETED_ACCOUNT):
        await until(lambda: is_done(app))
    assert not any((await wrong_counts(db)).values())


async def test_a_deletion_begins_at_once_and_goes_on_after_its_turn(
    app: Broadside, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0.02)
    site = await haunted_site(app, posts=45, comments=130, follows=230)
    async with at_work(app, REMOVE_DELETED_ACCOUNT):
        await leave(app, site.ghost)
        await until(lambda: is_done(app))
    assert not any((await wrong_counts(db)).values())


async def test_a_deletion_that_has_no_job_is_found(app: Broadside, db: AsyncSession) -> None:
    site = await haunted_site(app)
    await leave(app, site.ghost)
    await db.execute(delete(Job))
    await db.commit()
    async with at_work(app, FIND_DELETED_ACCOUNTS, REMOVE_DELETED_ACCOUNT):

        async def is_removed() -> bool:
            return not await pending(app)

        await until(is_removed)
    (repeated,) = await stored_jobs(app)
    assert repeated.kind == FIND_DELETED_ACCOUNTS.name


async def test_a_job_removes_nothing_of_an_account_that_is_not_deleted(
    app: Broadside, db: AsyncSession
) -> None:
    site = await haunted_site(app)
    async with app.database.session() as session:
        await enqueue_removal(session, site.ghost.id)
        await session.commit()
    async with at_work(app, REMOVE_DELETED_ACCOUNT):
        await until(lambda: is_done(app))
    assert await number_of(db, Post) == 4


@pytest.mark.live
@pytest.mark.parametrize("kills", [3])
async def test_a_deletion_survives_a_worker_that_is_killed(
    app: Broadside, db: AsyncSession, database_url: str, tmp_path: Path, kills: int
) -> None:
    site = await haunted_site(app, posts=400, comments=400, follows=400)
    await leave(app, site.ghost)
    tables = (Post, Comment, Follow)
    environment = settings_of(tmp_path, env="testing", database_url=database_url)

    async def rows() -> int:
        await db.commit()
        return sum([await number_of(db, table) for table in tables])

    for _ in range(kills):
        before = await rows()
        worker = await Program.quickly_start("blog", "worker", environment=environment)

        async def has_begun(before: int = before) -> bool:
            return await rows() < before

        try:
            await until(has_begun, seconds=60)
            assert await worker.stop(signal.SIGKILL) == -signal.SIGKILL
        finally:
            await worker.kill()
        assert await pending(app) == 1, "it was killed in between"
        # As after the end of its lease.
        await db.execute(update(Job).values(due_at=func.now()))
        await db.commit()
        assert not any((await wrong_counts(db)).values())
    await finish_deletions(app)
    assert await rows() == 1
    assert not any((await wrong_counts(db)).values())
