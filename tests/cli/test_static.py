"""`blog static`."""

import gzip
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from blog.core.web.app import Broadside
from tests.cli.conftest import Command
from tests.support import Browser


def contents(folder: Path) -> dict[str, bytes]:
    """What the folder has, by its path in it."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


async def test_each_file_is_what_the_site_serves_under_that_name(
    app: Broadside, blog: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "www"
    code, output = await blog("static", str(folder))
    assert code == 0, output
    written = contents(folder)
    names = [name for name in written if not name.endswith((".gz", ".br"))]
    assert output == f"Wrote {len(names)} files to {folder}, each also compressed.\n"
    assert len(written) == 3 * len(names)
    async with Browser(app) as browser:
        for name in names:
            answer = await browser.get(f"/{name}")
            assert answer.content == written[name] == gzip.decompress(written[f"{name}.gz"])
            assert brotli.decompress(written[f"{name}.br"]) == written[name], name
            assert "immutable" in answer.headers["cache-control"], name


async def test_a_second_run_changes_nothing_and_keeps_files_of_the_past(
    blog: Command, tmp_path: Path
) -> None:
    await blog("static", str(tmp_path))
    (tmp_path / "static" / "css" / "base.0123456789ab.css").write_text("old")
    before = contents(tmp_path / "static")
    await blog("static", str(tmp_path))
    assert contents(tmp_path / "static") == before


async def test_a_folder_that_cannot_be_made_is_one_line(blog: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output = await blog("static", str(tmp_path / "file" / "static"))
    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith(f"Error: cannot write {tmp_path}/file/")
