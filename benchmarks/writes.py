"""Measures concurrent writes.

Usage: python -m benchmarks.writes [--keep FOLDER] [--quick] [--only WORD]

Serves a demonstration by two workers, and lets wrk write by the API from 1, 16 and 64 connections
in turn: posts of one author and of many, comments on one post and on many, likes, follows of one
person. Beside them it measures how often the same server answers who reads one post, and how often
the database takes a bare `INSERT` of a post, a comment or a like, with all that counts it, from
pgbench. Prints a table in Markdown and what is missed, and proves the counts at the end. Rate
limits are off. Needs wrk, and 12 minutes.
"""

import argparse
import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import URL, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.load import Round, load_with
from benchmarks.sites import SMALL, opened_site
from blog.core.clock import now
from blog.core.crypto.tokens import opaque_token, token_digest
from blog.core.db.database import Database
from blog.core.db.postgres_programs import PROGRAMS
from blog.models import ApiToken, Post, Scope, User
from blog.posts.counts import wrong_counts
from blog.posts.queries import IS_LISTED
from tests.servers import serving

WORKERS = 2
CLIENTS = (1, 16, 64)
PEOPLE = 600
TEXT = """A walk along the **river** this morning, and then tea.

- herons: two
- kingfishers: one

More at https://example.com/birds tomorrow."""
READ = "one post is read"
# Which share of the reads each has to reach.
SHARES = {
    "posts, many authors": 1 / 2,
    "posts, one author": 1 / 4,
    "comments on one post": 1 / 4,
    "comments on many posts": 1 / 4,
    "likes of many posts": 1 / 4,
    "follows of one person": 1 / 4,
}
# Of 64 clients, the slowest hundredth to the median.
MOST_SPREAD = 10.0
# Of a text of the same length; `first` to `last` are the people, `from` to `to` the posts.
BARE_INSERTS = {
    "posts": r"""
\set author random(:first, :last)
INSERT INTO posts (author_id, body, body_html, renderer_version)
VALUES (:author, repeat('x', 150), repeat('x', 300), 0);
""",
    "comments": r"""
\set author random(:first, :last)
\set post random(:from, :to)
INSERT INTO comments (post_id, author_id, body, body_html, renderer_version)
VALUES (:post, :author, repeat('x', 150), repeat('x', 300), 0);
""",
    "likes": r"""
\set author random(:first, :last)
\set post random(:from, :to)
INSERT INTO post_likes (user_id, post_id) VALUES (:author, :post) ON CONFLICT DO NOTHING;
""",
}
# As many posts as there are people, from the newest on, get comments and likes; pgbench likes those
# among the oldest, because a like that is there already costs less.
OLDEST = 3_000


@dataclass(frozen=True)
class Effort:
    """The duration of the measurement."""

    rounds: int = 5
    seconds: int = 3


@dataclass(frozen=True)
class Figures:
    """What was measured of one kind of request; rounds by the number of clients."""

    name: str
    rounds: Mapping[int, Sequence[Round]]
    reads: Mapping[int, Sequence[Round]]
    floors: Mapping[int, Sequence[float]]

    def typical(self, clients: int, figure: str) -> float:
        """The median of a figure over all rounds."""
        return float(median(getattr(each, figure) for each in self.rounds[clients]))

    @property
    def crowded(self) -> float:
        """How many times as much 64 clients get done as 16."""
        pairs = zip(self.rounds[64], self.rounds[16], strict=True)
        return median(many.per_second / few.per_second for many, few in pairs)

    @property
    def of_the_reads(self) -> float:
        """The share of the reads that 64 clients get answered."""
        pairs = zip(self.rounds[64], self.reads[64], strict=True)
        return median(write.per_second / read.per_second for write, read in pairs)

    @property
    def spread(self) -> float:
        """How many times as long as the median the slowest hundredth of 64 clients takes."""
        return median(each.p99 / each.median for each in self.rounds[64])

    def missed(self) -> list[str]:
        """Descriptions of the requirements that are not met."""
        missed = []
        if self.name != READ:
            if self.crowded < 1:
                missed.append(f"{self.name}: 64 clients get {self.crowded:.2f} of what 16 get")
            if self.of_the_reads < SHARES[self.name]:
                share = f"{self.of_the_reads:.2f}, at least {SHARES[self.name]:.2f}"
                missed.append(f"{self.name}: of the reads {share}")
        if self.spread > MOST_SPREAD:
            missed.append(f"{self.name}: p99 is {self.spread:.1f} medians, at most {MOST_SPREAD}")
        return missed

    def row(self) -> str:
        """A row of the table."""
        demanded = f" (≥ {SHARES[self.name]:.2f})" if self.name != READ else ""
        floors = [f"{median(self.floors[n]):,.0f}" if self.floors else "" for n in CLIENTS]
        cells = [
            self.name,
            *(f"{self.typical(clients, 'per_second'):,.0f}" for clients in CLIENTS),
            f"{self.crowded:.2f}",
            f"{self.of_the_reads:.2f}{demanded}",
            *(f"{self.typical(clients, 'median'):.0f}" for clients in CLIENTS),
            *(f"{self.typical(clients, 'p99'):.0f}" for clients in CLIENTS),
            f"{self.spread:.1f}",
            *floors,
        ]
        return f"| {' | '.join(cells)} |"


HEAD = [
    "by the API", "1 client, req/s", "16", "64", "64 to 16 (≥ 1)", "of the reads",
    "median 1, ms", "16", "64", "p99 1", "16", "64", "p99 to median (≤ 10)",
    "pgbench 1, req/s", "16", "64",
]  # fmt: skip


@dataclass(frozen=True)
class Cast:
    """Who writes: people with a token each, the post that all of them comment on, and the newest
    posts, one for each."""

    ids: Sequence[int]
    tokens: Sequence[str]
    post: int
    posts: Sequence[int] = ()

    def requests(self) -> dict[str, list[str]]:
        """The lines of `requests.lua` for each kind of request."""
        text, followed = json.dumps({"body": TEXT}), self.ids[0]
        posts, comments = "POST\t/api/v1/posts/", f"POST\t/api/v1/posts/{self.post}/comments/"
        follow = f"/api/v1/users/{followed}/follow"
        return {
            READ: [f"GET\t/api/v1/posts/{self.post}\t{self.tokens[0]}\t"],
            "posts, many authors": [f"{posts}\t{token}\t{text}" for token in self.tokens],
            "posts, one author": [f"{posts}\t{self.tokens[0]}\t{text}"],
            "comments on one post": [f"{comments}\t{token}\t{text}" for token in self.tokens],
            "comments on many posts": [
                f"POST\t/api/v1/posts/{post}/comments/\t{token}\t{text}"
                for post, token in zip(self.posts, self.tokens, strict=True)
            ],
            "likes of many posts": [
                f"{act}\t/api/v1/posts/{post}/like\t{token}\t"
                for act in ("PUT", "DELETE")
                for post, token in zip(self.posts, self.tokens, strict=True)
            ],
            "follows of one person": [
                f"{act}\t{follow}\t{token}\t"
                for act in ("PUT", "DELETE")
                for token in self.tokens[1:]
            ],
        }

    def floor(self, name: str) -> dict[str, int] | None:
        """The variables of the bare `INSERT`, if there is one of this kind."""
        people = {"first": self.ids[0], "last": self.ids[-1]}
        return {
            "posts, many authors": people,
            "posts, one author": people | {"last": self.ids[0]},
            "comments on one post": people | {"from": self.post, "to": self.post},
            "comments on many posts": people | {"from": 1, "to": OLDEST},
            "likes of many posts": people | {"from": 1, "to": OLDEST},
        }.get(name)


async def cast_of(session: AsyncSession) -> Cast:
    """Give some people of a site tokens; none is due to be noted as used."""
    may_write = User.confirmed_at.is_not(None), User.disabled_at.is_(None)
    people = select(User.id).where(*may_write).order_by(User.id).limit(PEOPLE)
    ids, moment = list(await session.scalars(people)), now()
    tokens = [opaque_token() for _ in ids]
    scopes, end = Scope.READ | Scope.WRITE, moment + timedelta(days=1)
    rows = [
        {"user_id": user_id, "name": "", "scopes": scopes, "token_hash": token_digest(token),
         "expires_at": end, "last_used_at": moment}
        for user_id, token in zip(ids, tokens, strict=True)
    ]  # fmt: skip
    await session.execute(insert(ApiToken), rows)
    await session.execute(update(User).values(last_seen_at=moment))
    listed = select(Post.id).where(IS_LISTED)
    posts = (await session.scalars(listed.order_by(Post.id.desc()).limit(len(ids)))).all()
    post = await session.scalar(listed.limit(1))
    await session.commit()
    assert post is not None
    return Cast(ids, tokens, post, posts)


async def bare_inserts(
    script: Path, url: URL, variables: Mapping[str, int], clients: int, seconds: int
) -> float:
    """How many rows a second pgbench adds."""
    address = {"-h": url.query.get("host") or url.host, "-U": url.username, "-p": url.port}
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / "pgbench", "--no-vacuum", f"--client={clients}", f"--time={seconds}",
        "--protocol=prepared", f"--file={script}",
        *(f"--define={name}={value}" for name, value in variables.items()),
        *(str(part) for pair in address.items() if pair[1] for part in pair), str(url.database),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    found = re.search(r"tps = ([\d.]+)", output)
    assert process.returncode == 0, output
    assert found, output
    return float(found[1])


async def measure(folder: Path, database: Database, wanted: Callable[[str], bool],
                  effort: Effort) -> list[Figures]:  # fmt: skip
    """Load the site with each kind of request in turn, in short rounds."""
    async with database.session() as session:
        cast = await cast_of(session)
    scripts = {kind: folder / f"{kind}.sql" for kind in BARE_INSERTS}
    for kind, script in scripts.items():
        script.write_text(BARE_INSERTS[kind])
    kinds = {name: lines for name, lines in cast.requests().items() if name == READ or wanted(name)}
    rounds: dict[str, dict[int, list[Round]]] = {}
    floors: dict[str, dict[int, list[float]]] = {}
    log = (folder / "log").resolve()
    log.unlink(missing_ok=True)
    async with serving(folder, web_concurrency=WORKERS, rate_limits="off", log_to=log) as server:
        for _ in range(effort.rounds):
            for name, lines in kinds.items():
                requests = folder / "requests"
                requests.write_text("\n".join(lines) + "\n")
                for clients in CLIENTS:
                    done = await load_with(requests, server.url, clients, effort.seconds)
                    rounds.setdefault(name, {}).setdefault(clients, []).append(done)
                    if variables := cast.floor(name):
                        script = scripts[re.split(r"\W", name)[0]]
                        bare = await bare_inserts(
                            script, database.engine.url, variables, clients, effort.seconds
                        )
                        floors.setdefault(name, {}).setdefault(clients, []).append(bare)
    return [Figures(name, rounds[name], rounds[READ], floors.get(name, {})) for name in kinds]


async def main(folder: Path, effort: Effort, wanted: Callable[[str], bool]) -> None:
    """Serve a site, measure, and print."""
    async with opened_site(folder, SMALL) as database:
        measured = await measure(folder, database, wanted, effort)
        print(f"\n| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
        missed = []
        for figures in measured:
            missed += figures.missed()
            print(figures.row(), flush=True)
        async with database.session() as session:
            wrong = {
                name: number for name, number in (await wrong_counts(session)).items() if number
            }
    missed += [f"{name}: {number} are wrong" for name, number in wrong.items()]
    print("\nRate limits were off. All counts were proved.")
    print("Missed:\n" + "\n".join(missed) if missed else "Nothing is missed.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="where the site stays for the next run")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for a look")
    parser.add_argument("--only", default="", help="only the writes whose name has this in it")
    arguments = parser.parse_args()
    effort = Effort(rounds=3, seconds=2) if arguments.quick else Effort()
    with ExitStack() as temporary:
        folder = arguments.keep or Path(temporary.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(main(folder / "writes", effort, lambda name: arguments.only in name))
