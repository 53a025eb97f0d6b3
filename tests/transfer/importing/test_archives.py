"""Archives and files that somebody has made to do harm."""

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from blog.posts.schemas import LONGEST_POST
from blog.transfer.importing import archive, reading
from blog.transfer.importing.html import TOO_DEEP, TOO_LONG
from blog.transfer.importing.post import SourceError
from tests.transfer.importing.samples import front_matter, ghost, picture, zipped
from tests.transfer.importing.support import entries, posts, remarks, saved

HELLO = front_matter(title="Hello", date="2020-01-01")


def refused(path: Path) -> dict[str, str]:
    """The files that are not read, with the reason."""
    return dict(reading.begin(str(path))["refused"])


@pytest.mark.parametrize(
    "name", ["../out.md", "a/../../out.md", "/etc/out.md", "C:/out.md", "a\\..\\out.md", "x" * 600]
)
def test_names_that_lead_out_of_the_archive_are_not_read(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, zipped({"hello.md": HELLO, name: HELLO}))
    assert [*posts(path)] == ["Hello"]
    assert [*refused(path).values()] == ["Its path is outside the archive."]


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        link = zipfile.ZipInfo("link.md")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
        file.writestr("hello.md", HELLO)
    path = saved(tmp_path, content.getvalue())
    assert [*posts(path)] == ["Hello"]
    assert refused(path) == {"link.md": "It's a link to another file."}


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    path = saved(tmp_path, {"hello.md": HELLO}, "folder")
    (path / "link.md").symlink_to("/etc/passwd")
    (path / "up").symlink_to("/etc")
    assert [*posts(path)] == ["Hello"]
    assert refused(path) == {"link.md": "It's a link to another file."}


def test_of_two_files_with_one_name_the_first_is_read(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("hello.md", HELLO)
        file.writestr("hello.md", front_matter(title="Second"))
    path = saved(tmp_path, content.getvalue())
    assert [*posts(path)] == ["Hello"]
    assert "two files" in refused(path)["hello.md"]


def test_an_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"hello.md": HELLO}))
    # The flag in the local header, and in the directory.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(SourceError, match="password-protected"):
        entries(saved(tmp_path, bytes(content)))


def test_a_file_that_was_compressed_too_well_is_not_read(tmp_path: Path) -> None:
    path = saved(tmp_path, zipped({"hello.md": HELLO, "bomb.md": b"\0" * 30 * archive.MIB}))
    assert [*posts(path)] == ["Hello"]
    assert "expands to many times" in refused(path)["bomb.md"]


def test_an_archive_that_is_too_large_as_a_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, zipped({"hello.md": HELLO}))
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 10)
    with pytest.raises(SourceError, match="in total"):
        entries(path)
    monkeypatch.setattr(archive, "MOST_FILES", 0)
    with pytest.raises(SourceError, match="more than"):
        entries(path)


def test_a_size_that_is_not_true_does_not_help(tmp_path: Path) -> None:
    content = bytearray(zipped({"hello.md": HELLO, "lie.md": "x" * 3 * archive.MIB}))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    path = saved(tmp_path, bytes(content))
    assert remarks(path)["lie.md"] == ("The file is damaged and can't be read.",)
    assert [*posts(path)] == ["Hello"]


HARMFUL = {
    "large": "---\ntitle: " + os.urandom(5 * archive.MIB).hex() + "\n---\n\nText",
    "large, but for the file": "---\ntitle: " + "x" * 100_000 + "\n---\n\nText",
    "exploding": "---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n\nText",
    "no YAML": "---\n\tx: [}\n---\n\nText",
    "no TOML": "+++\nx = \n+++\n\nText",
    "deep": "---\nx: " + "[" * 30_000 + "\n---\n\nText",
    "deep JSON": '{"x": ' + "[" * 50_000 + "\n\nText",
    "executable": "---\nx: !!python/object/apply:os.system [id]\n---\n\nText",
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL.keys())
def test_front_matter_that_cannot_be_read_leaves_out_its_post_with_the_reason(
    tmp_path: Path, content: str | bytes
) -> None:
    path = saved(tmp_path, zipped({"a.md": content, "hello.md": HELLO}))
    assert [*posts(path)] == ["Hello"]
    assert [*remarks(path)] == ["a.md"]


ODD_HTML = {
    "tags that never end": ("<img " * 200_000, None),
    "attributes that never end": ("Text <a b='" * 90_000, None),
    "deep": ("<p>Text" + "<b><i>" * 30_000, None),
    "an unknown section": ("a <![a](b) c", "a \\<!\\[a\\](b) c"),
    "a section of Word": ("<p><![if !supportLists]>One<![endif]></p>", "One"),
    "an unfinished tag": ("<p>One</p> <a href='x", "One\n\n\\<a href='x"),
}


@pytest.mark.parametrize("html, markdown", ODD_HTML.values(), ids=ODD_HTML.keys())
def test_odd_html_becomes_text_or_is_left_out_with_the_reason(
    tmp_path: Path, html: str, markdown: str | None
) -> None:
    path = saved(
        tmp_path, ghost({"title": "Odd", "html": html}, {"title": "B", "html": "<p>B</p>"})
    )
    found = posts_and_remarks(path)
    if markdown is None:
        assert found["Odd"] in {str(TOO_DEEP), str(TOO_LONG), "too long"}
    else:
        assert found["Odd"] == markdown
    assert found["B"] == "B"


def posts_and_remarks(path: Path) -> dict[str, str]:
    """The text of each item, or why it has none."""
    return {
        entry.name: (entry.post.body if len(entry.post.body) <= LONGEST_POST else "too long")
        if entry.post
        else entry.remarks[0]
        for entry in entries(path)
    }


def test_an_image_that_is_too_large_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = front_matter("![x](a.png)", title="Hello")
    path = saved(tmp_path, zipped({"hello.md": text, "a.png": picture()}))
    monkeypatch.setattr("blog.transfer.importing.images.LARGEST_IMAGE", 10)
    assert posts(path)["Hello"].body == "![x](a.png)"
    assert remarks(path)["hello.md"] == ("1 image is not in the file: a.png.",)
