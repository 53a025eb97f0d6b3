"""The data about a user, read in chunks."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Base, Email, RefusedAddress, Subscription, User
from blog.transfer.exporting.archive import DOCUMENTS, LISTS
from blog.transfer.exporting.sections import Section, read_chunks, sections
from tests.accounts.deletions import haunted_site
from tests.support import add_user


async def rows_of(app: Broadside, account: User, size: int | None = None) -> dict[str, list[Any]]:
    """The rows of each section, read so many at a time."""
    found = {}
    for name, section in sections(account).items():
        part: Section = section._replace(size=size or section.size)
        found[name] = [row async for rows in read_chunks(app.database, part) for row in rows]
    return found


async def test_the_data_do_not_depend_on_the_size_of_the_chunks(app: Broadside) -> None:
    site = await haunted_site(app, posts=7, comments=5, follows=6)
    whole = await rows_of(app, site.ghost)
    assert [post["id"] for post in whole["posts"]] == site.ghosts_posts
    assert len(whole["comments"]) == 5
    assert len(whole["followers"]) == len(whole["following"]) == 7
    for size in (1, 2, 7):
        assert await rows_of(app, site.ghost, size) == whole


def test_no_chunk_is_large(susan: User) -> None:
    longest = {"posts": 65_536, "working_copies": 65_536, "comments": 8_192,
               "audit_entries": 4_096}  # fmt: skip
    for name, section in sections(susan).items():
        assert section.size * longest.get(name, 1_000) < 5_000_000, name


async def test_no_connection_is_held_between_the_chunks(app: Broadside) -> None:
    site = await haunted_site(app, posts=120)
    for section in sections(site.ghost).values():
        async for _ in read_chunks(app.database, section):
            assert app.database.reading_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_each_section_has_a_file(susan: User) -> None:
    assert (
        sections(susan).keys() == {"profile", "account", "media"} | DOCUMENTS.keys() | LISTS.keys()
    )


def test_no_table_with_people_is_left_out(susan: User) -> None:
    statements = " ".join(str(section.rows) for section in sections(susan).values())
    for table in Base.metadata.sorted_tables:
        if any(key.column.table.name == "users" for key in table.foreign_keys):
            assert f"{table.name}." in statements, table.name


async def test_until_an_address_is_confirmed_what_was_mailed_to_it_is_not_exported(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    stranger = await add_user(app, "stranger", confirmed=False)
    db.add_all([
        Email(
            purpose=f"new_post:{susan.id}", recipient=stranger.email, subject="x", text="x",
            html="x",
        ),
        RefusedAddress(address=stranger.email, days=3),
        Subscription(author_id=susan.id, email=stranger.email),
    ])  # fmt: skip
    await db.commit()
    names = ("mails", "refusals", "subscriptions")
    found = await rows_of(app, stranger)
    assert [len(found[name]) for name in names] == [0, 0, 0]
    stranger.confirmed_at = now()
    found = await rows_of(app, stranger)
    assert [len(found[name]) for name in names] == [1, 1, 1]
