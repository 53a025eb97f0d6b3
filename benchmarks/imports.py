"""Measures imports of many posts.

Usage: python -m benchmarks.imports [--posts 10000] [--only WORD]

Writes a file of each kind with articles of about 4 kB, imports it by `blog import` into a new site,
and prints how long that takes, the highest memory of the command, and of the processes that read
and render for it. At the end it imports the last one again, and proves the counts. Needs a minute
or two for each kind.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from blog.cli.deploy import migrate
from blog.core.db.database import Database
from tests.transfer.importing import samples

PARAGRAPH = (
    "A walk along the <em>river</em> this morning, and then <a href='https://example.com/tea'>tea"
    "</a>. The herons were two, the kingfishers one, and nobody had brought any bread for them. "
)
HTML = "<p>" + PARAGRAPH * 3 + "</p>\n<h2>Later</h2>\n<ul><li>one</li><li>two</li></ul>\n"
MARKDOWN = (
    "A walk along the *river* this morning, and then [tea](https://example.com/tea). The herons "
    "were two, the kingfishers one, and nobody had brought any bread for them. "
)
TEXT = (MARKDOWN * 3 + "\n\n## Later\n\n- one\n- two\n\n") * 6


def date(number: int) -> str:
    """The date of a post."""
    return f"{2010 + number % 15}-{number % 12 + 1:02}-{number % 28 + 1:02} 10:11:12"


def hugo(posts: int) -> bytes:
    """A zip file of Markdown."""
    return samples.zipped(
        {
            f"content/posts/post-{n}.md": samples.front_matter(
                TEXT, title=f"Post {n}", date=date(n), tags=["birds", f"tag {n % 50}"]
            )
            for n in range(posts)
        }
    )


def wordpress(posts: int) -> bytes:
    """An XML file."""
    return samples.wordpress(
        *(
            samples.wordpress_item(n, f"Post {n}", HTML * 6, post_date_gmt=date(n))
            for n in range(posts)
        )
    ).encode()


def ghost(posts: int) -> bytes:
    """A JSON file."""
    rows = ({"title": f"Post {n}", "html": HTML * 6, "published_at": date(n)} for n in range(posts))
    return samples.ghost(*rows, tags={"1": "birds"}).encode()


KINDS: Mapping[str, Callable[[int], bytes]] = {
    "Markdown": hugo, "WordPress": wordpress, "Ghost": ghost,
}  # fmt: skip


class Run(NamedTuple):
    """A run of `blog`: what it prints, its seconds, and its highest memory in MB."""

    output: str
    seconds: float
    processor_seconds: float
    memory: float


async def blog(environment: Mapping[str, str], *words: str) -> Run:
    """Run `blog`."""
    program = str(Path(sys.executable).with_name("blog"))
    begin, used = time.perf_counter(), processor_seconds()
    process = await asyncio.create_subprocess_exec(
        program, *words, env=dict(environment), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    seen = [0.0]
    watch = asyncio.create_task(note_memory(process.pid, seen))
    output, _ = await process.communicate()
    watch.cancel()
    assert process.returncode == 0, output.decode()
    seconds = time.perf_counter() - begin
    return Run(output.decode(), seconds, processor_seconds() - used, max(seen))


def processor_seconds() -> float:
    """What all processes have used that this one has started, and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def note_memory(pid: int, seen: list[float]) -> None:
    """Note the memory of a process and of each of its children now and then, in MB."""
    process = psutil.Process(pid)
    while True:
        with suppress(psutil.Error):
            for each in (process, *process.children(recursive=True)):
                seen.append(each.memory_info().rss / 1024**2)
        await asyncio.sleep(0.2)


async def main(posts: int, word: str) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "VAR_DIR": folder, "SECRET_KEY": "x" * 40, "ENV": "testing",
        }  # fmt: skip
        database = Database(None, Path(folder) / "postgres")
        await database.open()
        try:
            await migrate(database)
            print(f"{posts:,} posts, load {os.getloadavg()[0]:.1f}\n")
            print("| kind | file | seconds | of processor time | highest memory of a process |")
            print("| --- | --- | --- | --- | --- |")
            for kind, make in KINDS.items():
                if word.lower() in kind.lower():
                    await measure(environment, Path(folder), kind, make(posts))
        finally:
            await database.close()


async def measure(environment: Mapping[str, str], folder: Path, kind: str, content: bytes) -> None:
    """Import a file twice, each by somebody of their own."""
    path, who = folder / "file", kind.lower()
    path.write_bytes(content)
    address = f"{who}@example.com"
    await blog(environment, "user", "create", who, address, "--generate-password")
    size = len(content) / 1024**2
    for again in ("", ", again"):
        run = await blog(environment, "import", who, str(path))
        print(
            f"| {kind}{again} | {size:.0f} MB | {run.seconds:.0f} | {run.processor_seconds:.0f} "
            f"| {run.memory:.0f} MB |",
            flush=True,
        )
    print((await blog(environment, "recount", "--check")).output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.posts, arguments.only))
