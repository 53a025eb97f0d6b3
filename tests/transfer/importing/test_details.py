"""What other programs write beyond plain Markdown and HTML, and what becomes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from blog.core.text.markdown import render_document
from blog.transfer.importing.html import html_to_markdown
from tests.transfer.importing import samples
from tests.transfer.importing.samples import front_matter, wordpress, wordpress_item, zipped
from tests.transfer.importing.support import posts, remarks, saved

FIELD = (
    "<wp:postmeta><wp:meta_key>{}</wp:meta_key>"
    "<wp:meta_value><![CDATA[{}]]></wp:meta_value></wp:postmeta>"
)
UPLOADS = "https://old.example.com/wp-content/uploads/"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        # As Ghost's editor writes them.
        ('<p>A <b><strong class="x">bold</strong></b> word</p>', "A **bold** word"),
        ("<p><i><em>Both</em></i> <b><i><strong>at once</strong></i></b></p>",
         "*Both* ***at once***"),
        ('<figure class="kg-card kg-bookmark-card"><a class="kg-bookmark-container" '
         'href="https://example.org/a"><div class="kg-bookmark-content">'
         '<div class="kg-bookmark-title">A page</div>'
         '<div class="kg-bookmark-description">About trams</div><div>'
         '<img class="kg-bookmark-icon" src="https://example.org/i.png" alt=""></div></div>'
         '<div><img src="https://example.org/t.png" alt=""></div></a></figure>',
         "[A page](https://example.org/a)\n\nAbout trams"),
        ('<a href="https://example.org"><h2>A heading</h2></a>', "[A heading](https://example.org)"),
        ("<p><mark>Bright</mark> and 1 == 1</p>", r"==Bright== and 1 \== 1"),
    ],
)  # fmt: skip
def test_html_that_markdown_writes_in_another_way(html: str, text: str) -> None:
    assert html_to_markdown(html) == (text, [])


def test_files_that_a_text_plays_are_reported_if_nothing_leads_to_them() -> None:
    text, [remark] = html_to_markdown('<p>Hear:</p><audio src="/content/media/a.mp3"></audio>')
    assert (text, remark) == (
        "Hear:",
        "Videos, audio and other files embedded in the text are skipped.",
    )


def ghost_with_meta(**meta: Any) -> str:
    """An export with the row that describes the cover of its only post."""
    document = json.loads(
        samples.ghost(
            {"title": "Trams", "html": '<p><a href="__GHOST_URL__/other/">Other</a></p>',
             "feature_image": "__GHOST_URL__/content/images/t.png"}
        )
    )  # fmt: skip
    document["db"][0]["data"]["posts_meta"] = [{"post_id": "p0", "og_title": None, **meta}]
    return json.dumps(document)


def test_a_cover_of_ghost_keeps_its_description_and_its_caption(tmp_path: Path) -> None:
    document = ghost_with_meta(
        feature_image_alt="A tram", feature_image_caption='<span>By <a href="/a">Ann</a></span>'
    )
    files = {"ghost.json": document, "content/images/t.png": samples.picture()}
    cover = posts(saved(tmp_path, zipped(files)))["Trams"].cover
    assert cover is not None
    assert (cover.alt, cover.caption) == ("A tram", "By Ann")


def test_links_to_pages_of_the_former_site_are_reported(tmp_path: Path) -> None:
    path = saved(tmp_path, ghost_with_meta())
    assert posts(path)["Trams"].body == "[Other](/other/)"
    assert remarks(path)["Trams"][0] == (
        "Its links to other pages of the former site lead nowhere here: /other/."
    )


def attachment(number: int, file: str, *, parent: int = 1) -> str:
    """An image of WordPress's media library, with a description."""
    return wordpress_item(
        number, file, "", post_type="attachment", status="inherit", post_parent=str(parent),
        attachment_url=UPLOADS + file, more=FIELD.format("_wp_attachment_image_alt", f"A {file}"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shortcode", "shown"),
    [('[gallery ids="4, 3,99" size="large"]', ["b.png", "a.png"]), ("[gallery]", ["a.png"])],
)
def test_a_gallery_of_wordpress_becomes_its_images(
    tmp_path: Path, shortcode: str, shown: list[str]
) -> None:
    text = wordpress(
        wordpress_item(1, "Pictures", f"One\ntwo\n\n{shortcode}\nThree"),
        attachment(3, "a.png"),
        attachment(4, "b.png", parent=2),
    )
    files = {f"wp-content/uploads/{name}.png": samples.picture(name) for name in ("red", "blue")}
    files |= {"blog.xml": text, "wp-content/uploads/a.png": samples.picture("red")}
    files |= {"wp-content/uploads/b.png": samples.picture("blue")}
    post = posts(saved(tmp_path, zipped(files)))["Pictures"]
    assert [image.file.rpartition("/")[2] for image in post.images] == shown
    pictures = "".join(f"![A {image.file[-5:]}](/media/{image.name})\n\n" for image in post.images)
    # The line break of the classic editor stays one.
    assert post.body == f"One\\\ntwo\n\n{pictures}Three"


def test_galleries_that_are_repeated_endlessly_have_an_end(tmp_path: Path) -> None:
    text = wordpress(
        wordpress_item(1, "Pictures", "[gallery]" * 5_000),
        *(attachment(number, f"{number}.png") for number in range(2, 102)),
    )
    assert posts(saved(tmp_path, text))["Pictures"].body.count("![") == 300


def test_footnotes_of_wordpress_are_footnotes(tmp_path: Path) -> None:
    def reference(note: str, number: int) -> str:
        link = f'<a href="#{note}" id="{note}-link">{number}</a>'
        return f'<sup data-fn="{note}" class="fn">{link}</sup>'

    notes = [{"id": "u-1", "content": "In <em>June</em>"}, {"id": "u-2", "content": "Or July"}]
    content = (
        f"<p>One{reference('u-1', 1)} two{reference('u-2', 2)} three{reference('gone', 3)}</p>"
    )
    for field in (json.dumps(notes), "[{", '{"id": 1}', '["a", 1, null]'):
        path = saved(
            tmp_path,
            wordpress(wordpress_item(1, "Notes", content, more=FIELD.format("footnotes", field))),
        )
        body = posts(path)["Notes"].body
        if field != json.dumps(notes):
            assert body == "One[1](#u-1) two[2](#u-2) three[3](#gone)"
            continue
        assert body == "One[^1] two[^2] three[3](#gone)\n\n[^1]: In *June*\n\n[^2]: Or July"
        assert render_document(body).count("<li ") == 2


def test_texts_of_wordpress_are_html_and_shortcodes_that_are_left_are_reported(
    tmp_path: Path,
) -> None:
    terms = '<category domain="category" nicename="t"><![CDATA[Trains &amp; Trams]]></category>'
    content = "A [sic] word\n\n[youtube https://youtu.be/x w=3]\n\n[contact to=me][/contact]"
    path = saved(
        tmp_path,
        wordpress(
            wordpress_item(1, "Us &amp; <em>them</em>", content, more=terms),
            wordpress_item(2, "Plain", "A [sic] word"),
        ),
    )
    found = posts(path)
    assert found["Us & them"].tags == ("Trains & Trams",)
    assert "\n\nhttps://youtu.be/x\n\n" in found["Us & them"].body
    assert remarks(path) == {
        "Us &amp; <em>them</em>": (
            "It contains shortcodes, such as [contact], which appear as plain text.",
        )
    }


HUGO = """# Heading {#custom}

See [that]({{< ref "b/index.md" >}}), [this]({{% relref "other.md#part" %}}) and [here](#custom).

{{< youtube w7Ft2ymGmfc >}}
{{< vimeo id="146022717" class="x" >}}

First. <!--more--> Second.
"""
JEKYLL = """* Contents
{:toc}

## Heading {#custom}
{: .wide }

[One]({% post_url 2020-01-31-hi %}), [two]({{ site.baseurl }}{% link _posts/2020-02-01-a.md %}).
![A tram]({{ "/assets/tram.png" | relative_url }}){: width="300"}

> **Note**
{: .prompt-info }

{% raw %}{{ raw }}{% endraw %}
"""


def test_shortcodes_of_hugo_and_attributes_of_kramdown_are_no_part_of_a_text(
    tmp_path: Path,
) -> None:
    hugo = saved(
        tmp_path,
        {"content/posts/a.md": front_matter(
            HUGO, title="A", date="2020-01-01",
            cover={"image": "a.png", "alt": "A tram", "caption": "Red"},
         ),
         "content/posts/a.png": samples.picture()},
        "hugo",
    )  # fmt: skip
    post = posts(hugo)["A"]
    assert post.body == (
        "# Heading\n\nSee [that](b/index.md), [this](other.md#part) and [here](#custom).\n\n"
        "<https://www.youtube.com/watch?v=w7Ft2ymGmfc>\n<https://vimeo.com/146022717>\n\n"
        "First.  Second.\n"
    )
    assert post.cover is not None
    assert (post.cover.alt, post.cover.caption) == ("A tram", "Red")
    [remark] = remarks(hugo)["content/posts/a.md"]
    assert remark.endswith(" lead nowhere here: b/index.md, other.md#part.")
    jekyll = saved(
        tmp_path,
        {"_posts/2020-02-01-a.md": front_matter(JEKYLL, title="A"),
         "assets/tram.png": samples.picture()},
        "jekyll",
    )  # fmt: skip
    [image] = posts(jekyll)["A"].images
    assert posts(jekyll)["A"].body == (
        "[toc]\n\n## Heading\n\n"
        "[One](2020-01-31-hi), [two](_posts/2020-02-01-a.md).\n"
        f"![A tram](/media/{image.name})\n\n> **Note**\n\n{{{{ raw }}}}\n"
    )


def test_posts_in_html_are_posts_and_those_in_other_languages_are_reported(tmp_path: Path) -> None:
    html = front_matter("<p>In <strong>HTML</strong></p>", title="Old")
    jekyll = saved(
        tmp_path,
        {"_posts/2012-03-04-old.html": html, "_posts/2013-01-01-x.textile": "h1. X",
         "index.html": html, "about.textile": "x"},
        "jekyll",
    )  # fmt: skip
    old = posts(jekyll)["Old"]
    assert (old.body, old.slug) == ("In **HTML**", "old")
    said = {"_posts/2013-01-01-x.textile": ("It isn't written in Markdown or HTML.",)}
    assert [*posts(jekyll)] == ["Old"]
    assert remarks(jekyll) == said
    hugo = saved(
        tmp_path,
        {"content/posts/old.html": html, "content/posts/x.org": "x", "content/posts/a.md": "x",
         "layouts/single.html": "{{ . }}"},
        "hugo",
    )  # fmt: skip
    assert posts(hugo)["Old"].body == "In **HTML**"
    assert [*remarks(hugo)] == ["content/posts/x.org"]
