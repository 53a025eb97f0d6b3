"""Sample files of what can be imported, made as the other programs make them."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image

File = str | bytes


def picture(colour: str = "red", size: tuple[int, int] = (40, 30)) -> bytes:
    """A PNG."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def zipped(files: Mapping[str, File]) -> bytes:
    """A zip file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return archive.getvalue()


def in_folder(folder: Path, files: Mapping[str, File]) -> Path:
    """The files, in a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def front_matter(body: str = "Text of it.\n", **fields: Any) -> str:
    """A Markdown file with YAML that is JSON as well."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---", "", body])


def hugo() -> dict[str, File]:
    """A site of Hugo, as its repository has it."""
    return {
        "my-site/hugo.toml": 'title = "My site"\n',
        "my-site/README.md": "# My site\n",
        "my-site/archetypes/default.md": "+++\ntitle = '{{ .File }}'\n+++\n",
        "my-site/themes/simple/README.md": "# A theme\n",
        "my-site/content/about.md": front_matter("About me.", title="About"),
        "my-site/content/posts/_index.md": front_matter("", title="Posts"),
        "my-site/content/posts/trams.md": """+++
title = "Trams in the rain"
date = 2020-03-04T05:06:07+01:00
lastmod = 2020-04-05T06:07:08Z
draft = false
tags = ["trams", "rain"]
categories = ["Lisbon"]
aliases = ["/old/trams/"]
description = "How they sound."
+++

They squeak. {{< figure src="/images/tram.png" alt="A tram" caption="Line 28" >}}

{{< highlight go >}}
fmt.Println("{{ not a shortcode }}")
{{< /highlight >}}
""",
        "my-site/content/posts/bundle/index.md": front_matter(
            "A ![view](view.png \"From here\") and ![none](gone.png).\n",
            title="A bundle", date="2021-01-02", draft=True, cover={"image": "view.png"},
        ),
        "my-site/content/posts/bundle/view.png": picture("green"),
        "my-site/content/posts/guten-tag.de.md": front_matter(
            "Guten Tag.", title="Guten Tag", date="2019-05-06T07:08:09Z", slug="hallo"
        ),
        "my-site/static/images/tram.png": picture("yellow"),
    }  # fmt: skip


def jekyll() -> dict[str, File]:
    """A site of Jekyll."""
    return {
        "_config.yml": "title: Mine\n",
        "about.md": front_matter("Me.", layout="page", title="About"),
        "_posts/2020-01-31-hello-world.md": """---
layout: post
title:  "Hello, world"
date:   2020-01-31 10:11:12 +0200
categories: jekyll update
tags: [first, "second one"]
---

![A tram]({{ site.baseurl }}/assets/tram.png)

{% highlight ruby %}
puts "hi"
{% endhighlight %}
""",
        "_posts/2020-02-01-no-date.markdown": front_matter("Words.", title="By its name"),
        "_posts/2020-02-02-secret.md": front_matter("Words.", title="Secret", published=False),
        "_drafts/an-idea.md": front_matter("Words.", title="An idea"),
        "assets/tram.png": picture("blue"),
    }


def bear(*posts: Mapping[str, str]) -> str:
    """The CSV of Bear Blog."""
    columns = (
        "uid", "title", "slug", "alias", "published_date", "all_tags", "publish",
        "make_discoverable", "is_page", "content", "canonical_url", "meta_description",
        "meta_image", "lang", "class_name", "first_published_at",
    )  # fmt: skip
    file = io.StringIO()
    rows = csv.DictWriter(file, columns, restval="")
    rows.writeheader()
    for post in posts:
        rows.writerow({"publish": "True", "is_page": "False", "all_tags": "[]", **post})
    return file.getvalue()


def ghost(*posts: Mapping[str, Any], tags: Mapping[str, Any] | None = None) -> str:
    """The JSON of Ghost.

    Args:
        posts: the columns of each.
        tags: names by id; the posts have them in this order.
    """
    tags = tags or {}
    rows = [
        {"id": f"p{number}", "uuid": f"uuid-{number}", "type": "post", "status": "published",
         "visibility": "public", "html": None, "lexical": '{"root": {}}', "featured": 0, **post}
        for number, post in enumerate(posts)
    ]  # fmt: skip
    data = {
        "posts": rows,
        "posts_meta": [],
        "posts_tags": [
            {"post_id": row["id"], "tag_id": tag, "sort_order": order}
            for row in rows
            for order, tag in enumerate(tags)
        ],
        "tags": [{"id": tag, "name": name, "slug": tag} for tag, name in tags.items()],
        "settings": [{"id": "s", "key": "title", "value": "Mine"}],
    }
    return json.dumps({"db": [{"meta": {"version": "5.0.0"}, "data": data}]})


def wordpress(*items: str, head: str = "") -> str:
    """The XML of WordPress."""
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
{head}<rss version="2.0"
  xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:wfw="http://wellformedweb.org/CommentAPI/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
  <title>My blog</title>
  <link>https://old.example.com</link>
  <language>pt-BR</language>
  <wp:wxr_version>1.2</wp:wxr_version>
  <wp:base_site_url>https://old.example.com</wp:base_site_url>
  <wp:base_blog_url>https://old.example.com</wp:base_blog_url>
  <wp:author><wp:author_login><![CDATA[me]]></wp:author_login></wp:author>
  {"".join(items)}
</channel>
</rss>
"""


def featured_image(number: int) -> str:
    """The field of an item that says which attachment is its featured image."""
    fields = {"_edit_last": 1, "_thumbnail_id": number, "_wp_page_template": "default"}
    return "".join(
        f"<wp:postmeta><wp:meta_key><![CDATA[{key}]]></wp:meta_key>"
        f"<wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>"
        for key, value in fields.items()
    )


def wordpress_item(
    number: int, title: str, content: str = "<p>Text.</p>", *, more: str = "", **values: str
) -> str:
    """An item; `values` are its elements of WordPress, without the prefix."""
    elements = {
        "post_date": "2018-07-08 09:10:11", "post_date_gmt": "2018-07-08 08:10:11",
        "post_modified": "2018-07-08 09:10:11", "post_modified_gmt": "2018-07-08 08:10:11",
        "comment_status": "open", "post_name": f"item-{number}", "status": "publish",
        "post_type": "post", "post_password": "", "is_sticky": "0", **values,
    }  # fmt: skip
    listed = "".join(f"<wp:{name}>{escape(text)}</wp:{name}>" for name, text in elements.items())
    return f"""<item>
  <title>{escape(title)}</title>
  <pubDate>Sun, 08 Jul 2018 08:10:11 +0000</pubDate>
  <dc:creator><![CDATA[me]]></dc:creator>
  <guid isPermaLink="false">https://old.example.com/?p={number}</guid>
  <content:encoded><![CDATA[{content}]]></content:encoded>
  <excerpt:encoded><![CDATA[]]></excerpt:encoded>
  <wp:post_id>{number}</wp:post_id>{listed}{more}
</item>"""
