"""`blog import`."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import LoggedEvent, Media, Post, PostStatus, User
from tests.cli.conftest import Command
from tests.transfer.importing import samples
from tests.transfer.importing.samples import zipped
from tests.transfer.importing.support import saved


async def test_a_site_is_imported_once_however_often_the_command_is_given(
    blog: Command, db: AsyncSession, susan: User, tmp_path: Path
) -> None:
    path = saved(tmp_path, zipped(samples.hugo()), "site.zip")
    code, output = await blog("import", "susan", str(path), "--dry-run")
    assert code == 0, output
    assert "Would import for susan, from Hugo:\n  2 posts\n  1 draft\n  2 images\n" in output
    assert not (await db.scalars(select(Post))).all()

    code, output = await blog("import", "susan", str(path))
    assert code == 0, output
    assert "Imported for susan, from Hugo:\n  2 posts\n  1 draft\n  2 images\n" in output
    assert "my-site/content/about.md: skipped: It's a page, not a post.\n" in output
    posts = {post.title: post for post in await db.scalars(select(Post))}
    assert {title: post.status for title, post in posts.items()} == {
        "Trams in the rain": PostStatus.PUBLISHED,
        "Guten Tag": PostStatus.PUBLISHED,
        "A bundle": PostStatus.DRAFT,
    }
    trams = posts["Trams in the rain"]
    assert (trams.slug, trams.tags) == ("trams", ["trams", "rain", "Lisbon"])
    assert f"{trams.published_at:%Y-%m-%d %H:%M}" == "2020-03-04 04:06"
    (first, second) = (await db.scalars(select(Media.name))).all()
    assert f"/media/{first}" in trams.body_html or f"/media/{second}" in trams.body_html
    assert not (await db.scalars(select(LoggedEvent))).all()

    code, output = await blog("import", "susan", str(path))
    assert code == 0, output
    assert "  3 items that were already here\n" in output
    assert len((await db.scalars(select(Post.id))).all()) == 3

    code, output = await blog("recount", "--check")
    assert code == 0, output


async def test_what_cannot_be_imported_is_an_error_in_one_line(
    blog: Command, susan: User, tmp_path: Path
) -> None:
    empty = saved(tmp_path, b"", "empty.zip")
    assert await blog("import", "susan", str(empty)) == (1, "Error: This file is empty.\n")
    code, output = await blog("import", "nobody", str(empty))
    assert (code, output) == (1, "Error: there's no user nobody\n")
    code, output = await blog("import", "susan", str(tmp_path / "none"))
    assert code == 2
    assert "does not exist" in output
