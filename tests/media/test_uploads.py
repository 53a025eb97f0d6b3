"""Uploading images by the API and by the form, and what is refused."""

import asyncio
import io
import re

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.core.web.uploads import LIMIT
from blog.models import Media, MediaFile, User
from settings import Settings
from tests.api.support import Client, assert_problem
from tests.media.corpus import (
    GREEN,
    RED,
    animation,
    bad_files,
    encoded,
    exif,
    good_files,
    grey_16_bit,
    picture,
    wide_gamut,
)
from tests.media.support import finish_jobs, send, served, stored_keys, upload, uploaded
from tests.servers import PROJECT
from tests.support import Browser

GOOD, BAD = dict(good_files()), {name: rest for name, *rest in bad_files()}
MIB = 1024 * 1024


@pytest.mark.parametrize("name", GOOD)
async def test_each_kind_is_taken_and_served_as_webp(
    app: Broadside, susans: Client, name: str
) -> None:
    answer = await upload(susans, GOOD[name], alt="Quarters", caption="Four of them")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == made["url"]
    assert made["state"] == "processing"
    await finish_jobs(app)
    media = (await susans.get(made["url"])).json()
    assert media["state"] == "ready"
    assert (media["alt"], media["caption"]) == ("Quarters", "Four of them")
    size = (1, 1) if name == "one pixel" else (40, 20)
    assert (media["width"], media["height"]) == size
    assert [(each["width"], each["height"]) for each in media["variants"]] == [size]
    image = await served(susans, media["image_url"])
    assert image.size == size
    assert getattr(image, "n_frames", 1) == (3 if "animated" in name else 1)
    [key] = await stored_keys(app)
    assert key.startswith("media/")


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_good_image_is_refused_in_words_and_nothing_is_kept(
    app: Broadside, susans: Client, db: AsyncSession, name: str
) -> None:
    file, words = BAD[name]
    content = file if isinstance(file, bytes) else file()
    problem = assert_problem(await upload(susans, content), 422)
    assert words in problem["errors"][0]["message"], problem
    assert problem["errors"][0]["field"] == "file"
    assert (await db.scalars(select(MediaFile))).all() == []
    assert await stored_keys(app) == []


async def test_a_file_of_more_than_20_mb_is_refused(app: Broadside, susans: Client) -> None:
    jpeg = encoded(picture(), "JPEG")
    for size in (20 * MIB + 1, 30 * MIB):
        problem = assert_problem(await upload(susans, jpeg.ljust(size, b"\0")), 413)
        assert "larger than" in problem["detail"]
    assert await stored_keys(app) == []


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_photo_is_turned_as_it_was_held(
    app: Broadside, susans: Client, orientation: int
) -> None:
    upright = picture(400, 200)
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    held = upright
    for step in undo.get(orientation, []):
        held = held.transpose(step)
    content = encoded(held, "JPEG", exif=exif(orientation), quality=95)
    media = await uploaded(app, susans, content)
    assert (media["width"], media["height"]) == (400, 200)
    image = (await served(susans, media["image_url"])).convert("RGB")
    assert image.size == (400, 200)
    assert is_like(image.getpixel((50, 50)), RED)
    assert is_like(image.getpixel((50, 150)), GREEN)


def is_like(found: object, expected: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(a - b) < 25 for a, b in zip(found, expected, strict=False))


async def test_colours_are_those_of_srgb(app: Broadside, susans: Client) -> None:
    media = await uploaded(app, susans, wide_gamut())
    red, _, blue = (await served(susans, media["image_url"])).convert("RGB").getpixel((5, 5))
    assert blue > 200
    assert red < 100
    cmyk = encoded(Image.new("RGB", (40, 20), RED).convert("CMYK"), "JPEG")
    media = await uploaded(app, susans, cmyk)
    pixel = (await served(susans, media["image_url"])).convert("RGB").getpixel((5, 5))
    assert is_like(pixel, RED)
    media = await uploaded(app, susans, grey_16_bit())
    pixel = (await served(susans, media["image_url"])).convert("RGB").getpixel((5, 5))
    assert is_like(pixel, (128, 128, 128))


async def test_a_large_photo_has_three_sizes_and_none_is_enlarged(
    app: Broadside, susans: Client
) -> None:
    media = await uploaded(app, susans, encoded(picture(3000, 2000), "JPEG"))
    sizes = [(each["width"], each["height"]) for each in media["variants"]]
    assert sizes == [(480, 320), (960, 640), (1920, 1280)]
    for variant in media["variants"]:
        image = await served(susans, variant["url"])
        assert image.size == (variant["width"], variant["height"])
    tall = await uploaded(app, susans, encoded(picture(600, 19_000), "PNG"))
    assert [(each["width"], each["height"]) for each in tall["variants"]] == [
        (480, 15_200),
        (517, 16_372),
    ]


async def test_an_animation_keeps_its_frames_and_its_pace(app: Broadside, susans: Client) -> None:
    media = await uploaded(app, susans, animation(5, 1200, 600))
    assert [each["width"] for each in media["variants"]] == [480, 960]
    for variant in media["variants"]:
        image = await served(susans, variant["url"])
        assert image.n_frames == 5
        assert image.info["loop"] == 0
        image.seek(3)
        image.load()
        assert image.info["duration"] == 100


async def test_while_it_is_processed_its_addresses_show_its_colour(
    app: Broadside, susans: Client
) -> None:
    content = encoded(Image.new("RGB", (1000, 500), RED), "PNG")
    made = (await upload(susans, content)).json()
    assert is_like(tuple(bytes.fromhex(made["colour"][1:])), RED)
    for variant in made["variants"]:
        answer = await susans.get(variant["url"])
        assert answer.headers["cache-control"] == "no-store"
        pixel = Image.open(io.BytesIO(answer.content)).convert("RGB").getpixel((0, 0))
        assert pixel == tuple(bytes.fromhex(made["colour"][1:]))
    await finish_jobs(app)
    for variant in made["variants"]:
        assert (await served(susans, variant["url"])).width == variant["width"]


async def test_the_same_file_twice_by_the_same_person_is_one_image(
    app: Broadside, susans: Client
) -> None:
    content = encoded(picture(), "JPEG")
    first, second = await asyncio.gather(
        upload(susans, content, alt="First"), upload(susans, content, alt="First")
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    again = (await upload(susans, content, alt="Better")).json()
    assert (again["id"], again["alt"]) == (first.json()["id"], "Better")
    assert (await upload(susans, content)).json()["alt"] == "Better"
    await finish_jobs(app)
    assert (await susans.get("/media/")).json()["count"] == 1
    assert len(await stored_keys(app)) == 1


async def test_the_same_file_by_two_people_at_once_is_one_object_until_both_delete_it(
    app: Broadside, susans: Client, davids: Client, db: AsyncSession
) -> None:
    content = encoded(picture(), "PNG")
    hers, his = await asyncio.gather(upload(susans, content), upload(davids, content))
    assert hers.json()["image_url"] == his.json()["image_url"]
    assert hers.json()["id"] != his.json()["id"]
    await finish_jobs(app)
    assert len(await stored_keys(app)) == 1
    assert (await susans.delete(hers.json()["url"])).status_code == 204
    await finish_jobs(app)
    assert (await served(davids, his.json()["image_url"])).size == (40, 20)
    assert (await davids.delete(his.json()["url"])).status_code == 204
    await finish_jobs(app)
    assert await stored_keys(app) == []
    assert (await db.scalars(select(MediaFile))).all() == []
    assert (await davids.get(his.json()["image_url"])).status_code == 404


async def test_what_is_deleted_before_it_is_processed_leaves_nothing(
    app: Broadside, susans: Client
) -> None:
    made = (await upload(susans, encoded(picture(), "PNG"))).json()
    await susans.delete(made["url"])
    await finish_jobs(app)
    assert await stored_keys(app) == []


async def test_what_is_uploaded_again_while_it_is_being_removed_is_there(
    app: Broadside, susans: Client
) -> None:
    content = encoded(picture(), "PNG")
    first = await uploaded(app, susans, content)
    await susans.delete(first["url"])
    second = (await upload(susans, content)).json()
    await finish_jobs(app)
    assert second["image_url"] == first["image_url"]
    assert (await served(susans, second["image_url"])).size == (40, 20)


async def test_fields_may_come_after_the_file(susans: Client) -> None:
    """As `curl -F file=@photo.jpg -F alt=…` sends them."""
    png = encoded(picture(), "PNG")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        + png
        + b'\r\n--x\r\nContent-Disposition: form-data; name="alt"\r\n\r\nQuarters\r\n--x--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await susans.post("/media/", content=body, headers=headers)
    assert answer.json()["alt"] == "Quarters"


@pytest.mark.parametrize(
    "fields", [{"alt": "x" * 1001}, {"caption": "x" * 1001}, {"alt": "\ufdd0"}]
)
async def test_a_missing_or_too_long_text_is_refused(
    app: Broadside, susans: Client, fields: dict[str, str]
) -> None:
    problem = assert_problem(await upload(susans, encoded(picture(), "PNG"), **fields), 422)
    assert [error["field"] for error in problem["errors"]] == list(fields)
    assert await stored_keys(app) == []


async def test_a_form_without_a_file_is_refused(susans: Client) -> None:
    for answer in (
        await susans.post("/media/", data={"alt": "x"}),
        await susans.post("/media/", json={"file": "x"}),
        await susans.post("/media/", files={"other": b"x"}),
    ):
        assert assert_problem(answer, 422)["errors"][0]["message"] == "Please choose an image."


async def test_nobody_sees_changes_or_deletes_the_images_of_others(
    app: Broadside, susans: Client, davids: Client
) -> None:
    made = await uploaded(app, susans, encoded(picture(), "PNG"))
    for answer in (
        await davids.get(made["url"]),
        await davids.patch(made["url"], json={"alt": "Mine"}),
        await davids.delete(made["url"]),
    ):
        assert_problem(answer, 404)
    assert (await davids.get("/media/")).json()["media"] == []
    assert (await susans.get(made["url"])).json() == made


async def test_texts_are_changed_if_nobody_else_has(app: Broadside, susans: Client) -> None:
    made = await uploaded(app, susans, encoded(picture(), "PNG"), alt="Old")
    tag = (await susans.get(made["url"])).headers["etag"]
    headers = {"If-Match": tag}
    changed = await susans.patch(made["url"], json={"alt": "New"}, headers=headers)
    assert (changed.json()["alt"], changed.json()["caption"]) == ("New", "")
    assert_problem(await susans.patch(made["url"], json={"alt": "X"}, headers=headers), 412)
    assert_problem(await susans.delete(made["url"], headers=headers), 412)


async def test_the_list_has_cursors(susans: Client) -> None:
    for width in range(1, 6):
        await upload(susans, encoded(picture(width * 10, 10), "PNG"))
    found = await susans.all_of("/media/?cursor=&per_page=2", "media")
    assert [each["width"] for each in found] == [50, 40, 30, 20, 10]
    assert (await susans.get("/media/?fields=id,alt")).json()["media"][0].keys() == {"id", "alt"}


async def test_the_form_works_without_javascript(app: Broadside, susans_browser: Browser) -> None:
    answer = await send(
        susans_browser, encoded(picture(), "JPEG"), alt="A [tram] & more", caption='The "28"'
    )
    assert answer.status_code == 302
    page = (await susans_browser.get("/media/")).text
    assert answer.headers["location"].endswith("#media-1")
    assert 'id="media-1"' in page
    assert r"![A \[tram\] \&amp; more](/media/" in page
    await finish_jobs(app)
    refused = await send(susans_browser, b"no image", alt="Kept")
    assert refused.status_code == 422
    assert "a supported image" in refused.text
    assert 'value="Kept"' in refused.text


async def test_the_editor_gets_what_it_inserts(susans_browser: Browser) -> None:
    susans_browser.headers["Accept"] = "application/json"
    token = await susans_browser.token("/auth/sessions")
    for content, status in ((encoded(picture(), "PNG"), 201), (b"no image", 422)):
        answer = await susans_browser.post(
            "/media/", data={"csrf_token": token, "alt": "Quarters"}, files={"file": content}
        )
        assert answer.status_code == status
        if status == 201:
            assert answer.json()["markdown"].startswith("![Quarters](/media/")
            assert (answer.json()["width"], answer.json()["height"]) == (40, 20)
        else:
            assert answer.json()["errors"][0]["field"] == "file"


async def test_an_image_is_described_and_deleted_by_forms(
    app: Broadside, susans_browser: Browser
) -> None:
    await send(susans_browser, encoded(picture(), "PNG"))
    changed = await susans_browser.submit("/media/1", {"alt": "Four quarters"}, page="/media/")
    assert changed.status_code == 302
    assert 'value="Four quarters"' in (await susans_browser.get("/media/")).text
    for _ in range(2):
        deleted = await susans_browser.submit("/media/1/delete", page="/media/")
        assert deleted.status_code == 302
    await finish_jobs(app)
    assert await stored_keys(app) == []


async def test_the_quota_holds_though_two_uploads_come_at_once(
    app: Broadside, susan: User, susans: Client, db: AsyncSession
) -> None:
    full = app.site.media_quota_bytes - 20 * 1024
    file = MediaFile(
        name="a" * 32, generation="x", kind="png", state="ready", width=1, height=1, frames=1,
        colour="000000", variants=[[1, 1]], bytes=1,
    )  # fmt: skip
    db.add(file)
    await db.flush()
    db.add(Media(owner_id=susan.id, name=file.name, bytes=full))
    await db.commit()
    answers = await asyncio.gather(
        *(upload(susans, encoded(picture(10, width), "PNG")) for width in (10, 20, 30))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    problem = assert_problem(await upload(susans, encoded(picture(), "PNG")), 409)
    assert "used up your 1 GB for images" in problem["detail"]
    await finish_jobs(app)
    usage = (await susans.get("/media/usage")).json()
    assert usage == {"count": 2, "bytes": full + 16 * 1024, "quota": 1024**3}
    assert len(await stored_keys(app)) == 1


async def test_the_texts_of_an_upload_that_failed_are_given_back(
    susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr("blog.media.uploads.image_processes", fail)
    answer = await send(susans_browser, encoded(picture(), "PNG"), alt="A tram", caption="Line 28")
    assert answer.status_code == 500
    assert "A tram" in answer.text
    assert "Send again" not in answer.text


async def test_a_text_of_an_image_that_is_too_long_is_given_back(
    susans_browser: Browser, susans: Client
) -> None:
    await upload(susans, encoded(picture(), "PNG"))
    fields = {"alt": "x" * 1001, "caption": "Line 28"}
    answer = await susans_browser.submit("/media/1", fields, page="/media/")
    assert answer.status_code == 422
    assert "x" * 1001 in answer.text
    assert "Line 28" in answer.text
    assert "at most 1,000 characters" in answer.text


def test_nginx_lets_the_bodies_of_all_uploads_through(app: Broadside) -> None:
    recipe = (PROJECT / "deploy" / "nginx.conf").read_text()
    [pattern] = re.findall(r'location ~ "(.*media/.*)" {\s*client_max_body_size 22m', recipe)
    paths = [
        re.sub("<id:[a-z_]+>", "17", rule.rule)
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], LIMIT)
    ]
    assert len(paths) > 4
    # A file with posts may be larger: as `IMPORT_LIMIT` says, with a little more for the form.
    assert [path for path in paths if not re.search(pattern, path)] == ["/import"]
    largest = Settings.model_fields["import_limit"].default + 1
    assert re.search(rf"location = /import {{\s*client_max_body_size {largest}m", recipe)
