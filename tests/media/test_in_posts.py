"""Images in posts: what is rendered, which posts use them, and the removal of unused ones."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.text.images import ImageFacts
from blog.core.text.markdown import render_document, render_inline
from blog.core.web.app import Broadside
from blog.media.sizes import original_key
from blog.models import Media, Post, PostMedia, PostRevision
from settings import Settings
from tests.api.support import Client
from tests.jobs import do_job
from tests.media.corpus import encoded, picture
from tests.media.support import finish_jobs, stored_keys, upload, uploaded
from tests.support import Browser, add_user

NAME, OTHER = "a" * 32, "b" * 32
FACTS = ImageFacts(base="", colour="c81e1e", variants=[[480, 240], [600, 300]])
IMAGES = {NAME: FACTS}
IMG = (
    f'<img class="tint-200" src="/media/{NAME}-600.webp" '
    f'srcset="/media/{NAME}-480.webp 480w, /media/{NAME}-600.webp 600w" '
    'sizes="(min-width: 45rem) 42rem, 100vw" width="600" height="300" loading="lazy" '
    'decoding="async" alt="{alt}">'
)


def attributes(html: str) -> set[str]:
    """The attributes of the only image, which the sanitiser may put into another order."""
    [tag] = re.findall("<img ([^>]*)>", html)
    return set(re.findall(r'[a-z]+="[^"]*"', tag))


def test_an_image_of_this_site_has_its_sizes_and_its_colour() -> None:
    html = render_document(f"Look: ![A *tram*](/media/{NAME}) here.", IMAGES)
    assert attributes(html) == attributes(IMG.format(alt="A tram"))
    assert html.startswith("<p>Look: <img ")
    assert "style=" not in html


def test_a_paragraph_that_is_an_image_is_a_figure_with_caption_and_text() -> None:
    html = render_document(f'![A tram](/media/{NAME} "Line 28 & more")', IMAGES)
    assert re.sub("<img [^>]*>", "<img>", html) == (
        "<figure><img><details><summary>ALT</summary>A tram</details>"
        "<figcaption>Line 28 &amp; more</figcaption></figure>"
    )
    html = render_document(f"![](/media/{NAME})", IMAGES)
    assert re.sub("<img [^>]*>", "<img>", html) == "<figure><img></figure>"
    assert 'alt=""' in html
    html = render_document(f"- ![A tram](/media/{NAME})", IMAGES)
    assert "<figure>" not in html


@pytest.mark.parametrize(
    "source",
    [
        f"![A tram](/media/{OTHER})",
        f"![A tram](https://other.example/media/{NAME})",
        f"![A tram](//other.example/media/{NAME})",
        f"![A tram](/media/{NAME}-480.webp)",
        f"![A tram](/media/{NAME}/../../auth/logout)",
        f"![A tram](/media/{NAME}?x)",
        "![A tram](/media/)",
        "![A tram](/avatar/0123456789abcdef.svg)",
        f'<img src="/media/{NAME}">A tram',
    ],
)
def test_no_other_image_is_shown(source: str) -> None:
    html = render_document(source, IMAGES)
    assert "<img" not in html
    assert "A tram" in html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("![A *tram*](https://other.example/a.png 'Line 28')",
         '<p><a href="https://other.example/a.png" {rel}>A tram</a></p>'),
        ("![](https://other.example/a.png)",
         '<p><a href="https://other.example/a.png" {rel}>https://other.example/a.png</a></p>'),
        ("![A [link](https://b.example/)](HTTP://other.example/a.png)",
         '<p><a href="HTTP://other.example/a.png" {rel}>A link</a></p>'),
        ("[![A tram](https://other.example/a.png) here](https://b.example/)",
         '<p><a href="https://b.example/" {rel}>A tram here</a></p>'),
        ("![A tram](javascript:alert(1))", "<p>![A tram](javascript:alert(1))</p>"),
    ],
)  # fmt: skip
def test_an_image_of_another_site_is_a_link(source: str, expected: str) -> None:
    expected = expected.format(rel='rel="nofollow noopener ugc"')
    assert render_document(source, IMAGES) == render_inline(source) == expected


def test_the_number_of_images_in_a_text_is_limited() -> None:
    html = render_document(f"![x](/media/{NAME})\n\n" * 150, IMAGES)
    assert html.count("<img") == html.count("<figure>") == 100


def test_comments_show_no_images() -> None:
    assert render_inline(f"![A tram](/media/{NAME})") == "<p>A tram</p>"


@pytest.mark.parametrize(
    "alt", ['" onerror="alert(1)', "<script>", "]( x )", "&quot; x=y", "x" * 900]
)
def test_an_alternative_text_stays_in_its_attribute(alt: str) -> None:
    html = render_document(f"![{alt}](/media/{NAME})", IMAGES)
    names = {attribute.partition("=")[0] for attribute in re.findall(r'[a-z]+="[^"]*"', html)}
    assert names <= {
        "class", "src", "srcset", "sizes", "width", "height", "loading", "decoding", "alt",
    }  # fmt: skip
    assert "<script" not in html


async def test_a_post_shows_its_image_before_it_is_processed_and_in_lists(
    app: Broadside, susans: Client, susans_browser: Browser, browser: Browser
) -> None:
    made = (await upload(susans, encoded(picture(600, 300), "JPEG"), alt="A tram")).json()
    answer = await susans_browser.submit("/", {"body": made["markdown"]})
    assert answer.status_code == 302
    for address in ("/", "/user/susan", "/post/1"):
        assert made["image_url"].rpartition("/")[2] in (await browser.get(address)).text
    preview = await susans_browser.submit("/preview", {"body": made["markdown"]}, page="/")
    assert "<img" in preview.text
    await finish_jobs(app)
    post = (await susans.get("/posts/1")).json()
    assert "<figure>" in post["body_html"]
    changed = await susans.patch("/posts/1", json={"body": f"Now: {made['markdown']}"})
    assert "<img" in changed.json()["body_html"]


async def test_an_administrator_who_edits_a_post_leaves_its_images(
    app: Broadside, susans: Client, db: AsyncSession
) -> None:
    made = await uploaded(app, susans, encoded(picture(), "PNG"))
    await susans.post("/posts/", json={"body": made["markdown"]})
    await add_user(app, "maud", role="Administrator")
    async with Browser(app) as mauds_browser:
        await mauds_browser.log_in("maud")
        page = {"body": f"{made['markdown']}\n\nMore.", "version": "1"}
        assert (await mauds_browser.submit("/edit/1", page)).status_code == 302
    post = await db.get_one(Post, 1)
    assert "<img" in post.body_html


async def test_images_of_a_cdn_are_linked_there(
    make_settings: Callable[..., Settings], susans: Client, app: Broadside
) -> None:
    made = await uploaded(app, susans, encoded(picture(), "PNG"), alt="A tram")
    other = create_app(make_settings(media_url="https://cdn.example.com"))
    other.passwords = Passwords(time_cost=1, memory_kib=8)
    async with other.test_app(), Browser(other) as visitor:
        await visitor.log_in("susan")
        await visitor.submit("/", {"body": made["markdown"]})
        assert 'src="https://cdn.example.com/media/' in (await visitor.get("/post/1")).text


async def links(db: AsyncSession) -> list[tuple[int, str]]:
    rows = await db.execute(select(PostMedia.post_id, PostMedia.name).order_by(PostMedia.post_id))
    found = [(row.post_id, row.name[:1]) for row in rows]
    await db.rollback()
    return found


async def test_the_images_of_a_post_are_known_however_it_is_written(
    susans: Client, db: AsyncSession
) -> None:
    await susans.post("/posts/", json={"body": f"![x](/media/{NAME}) twice ![x](/media/{NAME})"})
    await susans.post("/posts/", json={"body": "No image."})
    assert await links(db) == [(1, "a")]
    await susans.patch("/posts/2", json={"body": f"![x](/media/{NAME})\n![y](/media/{OTHER})"})
    await susans.patch("/posts/1", json={"body": "No more."})
    assert sorted(await links(db)) == [(2, "a"), (2, "b")]
    await susans.delete("/posts/2")
    assert await links(db) == []


async def grow_old(db: AsyncSession, days: float = 8) -> None:
    await db.execute(update(Media).values(created_at=now() - timedelta(days=days)))
    await db.commit()


async def test_what_no_post_shows_is_deleted_after_a_week(
    app: Broadside, susans: Client, db: AsyncSession
) -> None:
    used = await uploaded(app, susans, encoded(picture(10, 10), "PNG"))
    await uploaded(app, susans, encoded(picture(20, 20), "PNG"))
    await susans.post("/posts/", json={"body": used["markdown"]})
    await grow_old(db, days=6.9)
    await do_job(app, "delete_unused_media")
    assert (await susans.get("/media/")).json()["count"] == 2
    await grow_old(db)
    await do_job(app, "delete_unused_media")
    await finish_jobs(app)
    left = (await susans.get("/media/")).json()["media"]
    assert [each["id"] for each in left] == [used["id"]]
    assert len(await stored_keys(app)) == 1


async def test_a_draft_keeps_its_images(app: Broadside, susans: Client, db: AsyncSession) -> None:
    used = await uploaded(app, susans, encoded(picture(10, 10), "PNG"))
    await susans.post("/posts/", json={"body": used["markdown"]})
    await db.execute(update(Post).values(status="draft", published_at=None))
    await grow_old(db)
    await do_job(app, "delete_unused_media")
    assert (await susans.get("/media/")).json()["count"] == 1


async def test_an_image_of_an_earlier_text_is_kept_until_nobody_may_see_that(
    app: Broadside, susans: Client, db: AsyncSession
) -> None:
    used = await uploaded(app, susans, encoded(picture(10, 10), "PNG"))
    await susans.post("/posts/", json={"body": used["markdown"]})
    await susans.patch("/posts/1", json={"body": "Without it"})
    for is_hidden in (False, True):
        moment = now() if is_hidden else None
        await db.execute(update(PostRevision).values(hidden_at=moment))
        await grow_old(db)
        await do_job(app, "delete_unused_media")
        assert (await susans.get("/media/")).json()["count"] == (0 if is_hidden else 1)


async def test_an_image_that_is_put_into_a_post_at_that_moment_is_not_deleted(
    app: Broadside, susan: object, susans: Client, db: AsyncSession
) -> None:
    used = await uploaded(app, susans, encoded(picture(10, 10), "PNG"))
    await grow_old(db)
    await db.execute(
        text(
            "INSERT INTO posts (author_id, body, body_html, renderer_version) "
            "VALUES (1, :body, '', 1)"
        ),
        {"body": used["markdown"]},
    )
    await asyncio.wait_for(do_job(app, "delete_unused_media"), 20)
    await db.commit()
    await do_job(app, "delete_unused_media")
    assert (await susans.get("/media/")).json()["count"] == 1


async def test_uploads_that_were_never_recorded_are_removed(
    app: Broadside, susans: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def content():  # type: ignore[no-untyped-def]
        yield b"x"

    await app.storage.put(original_key(NAME, "0123456789abcdef"), content())
    await upload(susans, encoded(picture(), "PNG"))
    await do_job(app, "sweep_uploads")
    assert len(await app.storage.page("originals")) == 2
    monkeypatch.setattr("blog.media.cleaning.ABANDONED_AFTER", -timedelta(days=1))
    await do_job(app, "sweep_uploads")
    [stored] = await app.storage.page("originals")
    assert NAME not in stored.key
    await finish_jobs(app)
