"""What processing removes and needs, and what happens when it is interrupted."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.storage.s3 import Bucket, S3Storage
from blog.core.text.process_pool import OutOfTimeError, OverloadedError
from blog.core.web.app import Broadside
from blog.media.processes import MEMORY_BYTES, ImageProcesses
from blog.models import Job
from tests.api.support import Client, assert_problem
from tests.buckets import KEYS, client_of, serving_buckets
from tests.killed_workers import kill_worker
from tests.media.corpus import ORIENTATION, XMP, animation, bomb, encoded, exif, picture, png_of
from tests.media.support import finish_jobs, served, stored_keys, upload, uploaded

PROJECT = Path(__file__).resolve().parents[2]
# What ExifTool says of the file itself and of the encoding, not of what is in it.
TECHNICAL = {
    "SourceFile", "ExifTool:ExifToolVersion", "File:FileName", "File:Directory", "File:FileSize",
    "File:FileModifyDate", "File:FileAccessDate", "File:FileInodeChangeDate",
    "File:FilePermissions",
    "File:FileType", "File:FileTypeExtension", "File:MIMEType", "RIFF:ImageWidth",
    "RIFF:ImageHeight", "RIFF:VP8Version", "RIFF:HorizontalScale", "RIFF:VerticalScale",
    "RIFF:WebP_Flags", "RIFF:AlphaPreprocessing", "RIFF:AlphaFiltering", "RIFF:AlphaCompression",
    "RIFF:BackgroundColor", "RIFF:AnimationLoopCount", "RIFF:FrameCount", "RIFF:Duration",
    "Composite:ImageSize", "Composite:Megapixels",
}  # fmt: skip


def tags_in(file: Path) -> set[str]:
    """The tags that ExifTool finds in a file."""
    command = ["exiftool", "-json", "-G", "-a", "-u", str(file)]
    found = subprocess.run(command, check=True, capture_output=True).stdout
    return set(json.loads(found)[0])


def photos() -> dict[str, bytes]:
    """Photos with all that may be in them."""
    options = {"exif": exif(6), "xmp": XMP, "icc_profile": _profile()}
    comment = {"comment": b"Taken by Susan"}
    return {
        "jpeg": encoded(picture(), "JPEG", **options, **comment),
        "png": encoded(picture(), "PNG", **options),
        "webp": encoded(picture(), "WEBP", **options),
        "avif": encoded(picture(), "AVIF", **options),
        "gif": encoded(picture(), "GIF", **comment),
        "animated": animation(kind="WEBP"),
    }


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.skipif(
    not shutil.which("exiftool") and os.environ.get("CI") != "true",
    reason="this test needs ExifTool: apt install libimage-exiftool-perl",
)
@pytest.mark.parametrize("kind", photos())
async def test_exiftool_finds_nothing_in_what_is_served(
    app: Broadside, susans: Client, tmp_path: Path, kind: str
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_bytes(photos()[kind])
    if kind not in {"animated", "gif"}:
        assert {"EXIF:GPSLatitude", "EXIF:Model", "XMP:Author"} & tags_in(before)
    media = await uploaded(app, susans, photos()[kind])
    after.write_bytes((await susans.get(media["image_url"])).content)
    assert tags_in(after) <= TECHNICAL
    with Image.open(after) as image:
        left = {key for key, value in image.info.items() if value}
        assert not {"exif", "xmp", "icc_profile"} & left
        assert ORIENTATION not in image.getexif()


def peak_of(what: str, file: str, folder: str) -> int:
    """The memory that a process of its own needs, in bytes."""
    program = (
        "import resource, sys\n"
        "from blog.core.text.process_worker import _import_without_application\n"
        "_import_without_application(['blog.media.imaging'])\n"
        "from blog.media import imaging\n"
        "from blog.media.formats import UnsuitableFileError\n"
        f"resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY_BYTES}, {MEMORY_BYTES}))\n"
        "try:\n"
        f"    imaging.{what}\n"
        "except UnsuitableFileError as error:\n"
        "    print(error, file=sys.stderr)\n"
        # `ru_maxrss` has the memory of the process that started it.
        "status = open('/proc/self/status').read()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) * 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, file, folder], cwd=PROJECT, check=True, capture_output=True
    )
    return int(done.stdout)


# Of nearly 50 megapixels, and of kinds that need much memory.
LARGE = {
    "progressive jpeg": '"RGB", "JPEG", progressive=True',
    "png": '"RGBA", "PNG", compress_level=1',
    "webp": '"RGBA", "WEBP", quality=20, method=0',
    "avif": '"RGBA", "AVIF", quality=20, speed=10',
}


def make_large(mode_and_options: str, file: Path) -> None:
    """Write an image in a process of its own, which needs as much memory as it likes."""
    program = (
        "import sys; from PIL import Image\n"
        "def make(mode, kind, **options):\n"
        "    Image.new(mode, (8_600, 5_800), 'teal').save(sys.argv[1], kind, **options)\n"
        f"make({mode_and_options})"
    )
    subprocess.run([sys.executable, "-c", program, str(file)], check=True)


@pytest.mark.parametrize("kind", LARGE)
def test_the_largest_images_fit_into_the_memory_of_a_process(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "upload"
    make_large(LARGE[kind], file)
    peak = peak_of(
        "make_variants(*sys.argv[1:], [[480, 324], [960, 647], [1920, 1295]], 1)",
        str(file),
        str(tmp_path),
    )
    print(f"{kind}: {peak >> 20} MiB")  # noqa: T201
    assert (tmp_path / "1920.webp").exists()
    assert peak < MEMORY_BYTES


@pytest.mark.parametrize(
    "make",
    [bomb, partial(png_of, 60_000, 60_000), partial(animation, 51, 2_000, 1_000)],
    ids=["30,000 by 30,000", "claimed", "animated"],
)
def test_a_bomb_is_refused_before_its_pixels_are_decoded(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    small, file = tmp_path / "small", tmp_path / "bomb"
    small.write_bytes(encoded(picture(), "PNG"))
    content = make()
    file.write_bytes(content)
    ordinary = peak_of("inspect(sys.argv[1])", str(small), "")
    assert peak_of("inspect(sys.argv[1])", str(file), "") < ordinary + 3 * len(content) + 2**23


async def test_a_decoder_that_wants_more_memory_ends_alone(
    app: Broadside, susans: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = image_processes_of(app)._checks
    monkeypatch.setattr(checks, "_memory_bytes", 100 * 2**20)
    content = encoded(Image.new("RGB", (7_000, 7_000)), "PNG")
    problem = assert_problem(await upload(susans, content), 422)
    assert "takes too long to process" in problem["detail"]
    monkeypatch.undo()
    assert (await upload(susans, content)).status_code == 201


def image_processes_of(app: Broadside) -> ImageProcesses:
    found: ImageProcesses = app.extensions["image_processes"]
    return found


async def test_an_image_that_cannot_be_processed_fails_and_may_be_tried_again(
    app: Broadside, susans: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(*_: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(image_processes_of(app), "make_variants", give_up)
    content = encoded(picture(), "PNG")
    media = await uploaded(app, susans, content)
    assert media["state"] == "failed"
    assert (await susans.get(media["image_url"])).status_code == 404
    assert await stored_keys(app) == []
    monkeypatch.undo()
    again = await uploaded(app, susans, content)
    assert (again["id"], again["state"]) == (media["id"], "ready")
    assert (await served(susans, again["image_url"])).size == (40, 20)


async def test_a_process_that_somebody_killed_is_no_fault_of_the_image(
    app: Broadside, susans: Client, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    real = image_processes_of(app).make_variants

    async def killed_once(*arguments: Any) -> object:
        tries.append(1)
        if len(tries) == 1:
            raise OverloadedError("the process ended")
        await db.rollback()
        return await real(*arguments)

    monkeypatch.setattr(image_processes_of(app), "make_variants", killed_once)
    made = (await upload(susans, encoded(picture(), "PNG"))).json()
    finishing = asyncio.create_task(finish_jobs(app))
    while not finishing.done():
        await db.execute(update(Job).where(Job.state == "waiting").values(due_at=Job.created_at))
        await db.commit()
        await asyncio.wait([finishing], timeout=0.1)
    await finishing
    assert len(tries) == 2
    assert (await susans.get(made["url"])).json()["state"] == "ready"


@pytest.mark.live
async def test_a_worker_that_is_killed_in_the_middle_leaves_its_work_to_another(
    app: Broadside, susans: Client
) -> None:
    content = encoded(picture(1200, 600), "JPEG")
    made = (await upload(susans, content)).json()

    async def has_stored_one() -> bool:
        return len(await app.storage.page("media")) == 1

    await kill_worker(app, "process_media", has_stored_one)
    assert (await susans.get(made["url"])).json()["state"] == "processing"
    await finish_jobs(app)
    assert (await susans.get(made["url"])).json()["state"] == "ready"
    for variant in made["variants"]:
        assert (await served(susans, variant["url"])).width == variant["width"]
    assert await app.storage.page("originals") == []


@pytest.mark.live
async def test_images_are_kept_in_a_bucket_as_in_a_folder(
    app: Broadside, susans: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_buckets() as store:
        client_of(store).create_bucket(Bucket="images")
        storage = S3Storage(Bucket("images", store, "us-east-1", *KEYS, path_style=True), 10)
        monkeypatch.setattr(app, "storage", storage)
        media = await uploaded(app, susans, encoded(picture(600, 300), "JPEG"))
        assert (await served(susans, media["image_url"])).size == (600, 300)
        assert len(await storage.page("media")) == 2
        assert await storage.page("originals") == []
        await susans.delete(media["url"])
        await finish_jobs(app)
        assert await storage.page() == []
        await storage.close()
