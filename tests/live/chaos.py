"""Processes that are killed at random while people write, read and register.

The test runs some rounds of it; `benchmarks/chaos.py` runs twenty.
"""

import asyncio
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import func, select, text

from blog import create_app
from blog.cli.deploy import migrate
from blog.core.web.app import Broadside
from blog.models import Comment, Email, EmailState, Post, User
from blog.models.notification import UNREAD_OF_USER
from blog.posts.counts import wrong_counts
from settings import Settings
from tests.live.postgres import ExternalPostgres
from tests.mail.crashes import MailServer
from tests.servers import BLOG_SERVE, Program, free_port, settings_of, until, workers_of
from tests.support import PASSWORD, Visitor, add_user

VICTIMS = ("a web worker", "the mail worker", "a database backend")
WRITERS = 4
WEB_WORKERS = 2
LONGEST = 180
BACKEND = text(
    "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'broadside%' "
    "AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
)

WRONG_NOTICES = text("""
    SELECT comments.id FROM comments JOIN posts ON posts.id = post_id
    WHERE (posts.author_id <> comments.author_id)::int <> (
        SELECT count(*) FROM notification_items AS item WHERE item.comment_id = comments.id
    ) OR 1 <> (
        SELECT count(*) FROM events
        WHERE kind = 'CommentWritten' AND payload ->> 'comment_id' = comments.id::text
    )
""")


@dataclass
class Promises:
    """What the site has said it did, and how it answered.

    Args:
        posts, comments: the texts that were answered with 302, or by the API with 201.
        people: the names of those who registered, whose mails are promised thereby.
        statuses: how often each status was answered; 0 stands for no answer at all.
        failures: the requests that were answered with 500.
    """

    posts: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """What came of it.

    Args:
        promises: what was promised.
        lost: posts, comments and people that are not there, and mails that did not arrive.
        doubled: posts and comments that are there twice.
        notices: comments on a post of somebody else of which its author was not notified exactly
            once, and those that are not exactly once in the event log.
        unheard: people whose streams of live updates did not tell in the end how many
            notifications are unread.
        strangers: newcomers who got their message under different Message-IDs. Writers are also
            told of comments, if it takes long.
        mails_twice: how many mails arrived more than once.
        recoveries: who was killed, and after how many seconds a person could register again,
            got the mail, and saw the home page.
        bad_pages: pages that did not come in the end, with their status.
        wrong_counts: how many kept counts `blog recount --check` would find wrong, by their kind.
        restarts: how often a program had to be started again.
        log: what the web processes printed.
        seconds: how long it took.
    """

    promises: Promises
    lost: list[str]
    doubled: list[str]
    notices: list[int]
    unheard: list[str]
    strangers: list[str]
    mails_twice: int
    recoveries: list[tuple[str, float]]
    bad_pages: list[str]
    wrong_counts: dict[str, int]
    restarts: Counter[str]
    log: str
    seconds: float


class Supervised:
    """A program that is restarted whenever it exits, as by systemd.

    Usage: `async with Supervised("blog", "worker", environment=…) as worker: ...`
    """

    def __init__(self, *command: str, environment: dict[str, str]) -> None:
        self.program: Program
        self.restarts = -1
        self._printed = ""
        self._command = command
        self._environment = environment

    async def __aenter__(self) -> "Supervised":
        await self._start()
        self._task = asyncio.create_task(self._supervise())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.program.stop()
        await self.program.kill()

    @property
    def output(self) -> str:
        """What it has printed, in all its lives."""
        return self._printed + self.program.output

    async def _start(self) -> None:
        self.program = await Program.quickly_start(*self._command, environment=self._environment)
        self.restarts += 1

    async def _supervise(self) -> None:
        while True:
            await self.program.ended(seconds=3600)
            self._printed += self.program.output
            await self._start()


class Person(Visitor):
    """A user who performs random actions, and records what the site has accepted.

    Args:
        url: where the site is.
        name: the username.
        promises: where to note it.
    """

    def __init__(self, url: str, name: str, promises: Promises) -> None:
        super().__init__(base_url=url, timeout=30)
        self.name = name
        self._promises = promises
        self._number = 0
        self._token = ""
        self.unread = -1

    async def live(self) -> None:
        """Perform random actions for ever."""
        actions = [self.publish, self.call, self.comment, self.register, self.follow, self.read]
        while True:
            await random.choices(actions, weights=[2, 2, 2, 1, 1, 3])[0]()

    async def listen(self) -> None:
        """Have a stream of live updates, and a new one whenever it ends."""
        while True:
            with suppress(httpx.TransportError):
                async with self.stream("GET", "/notifications/stream") as events:
                    async for line in events.aiter_lines():
                        if found := re.fullmatch('data: {"unread": ([0-9]+),.*', line):
                            self.unread = int(found[1])
            await asyncio.sleep(0.1)

    async def publish(self) -> bool:
        words = self._unique_words("post")
        return await self._write("/", {"body": words}, words, self._promises.posts)

    async def call(self) -> None:
        """Publish a post by the API."""
        if not self._token:
            answer = await self.ask("GET", "/api/v1/token", auth=(self.name, PASSWORD))
            self._token = answer.json()["token"] if answer else ""
        words = self._unique_words("call")
        bearer = {"Authorization": f"Bearer {self._token}"}
        answer = await self.ask("POST", "/api/v1/posts/", json={"body": words}, headers=bearer)
        if answer is not None and answer.status_code == 201:
            self._promises.posts.add(words)

    async def comment(self) -> bool:
        words = self._unique_words("comment")
        page = await self.ask("GET", "/")
        found = re.findall(r'href="/post/([0-9]+)"', page.text) if page else []
        if not found:
            return False
        address = f"/post/{random.choice(found)}"
        return await self._write(address, {"body": words}, words, self._promises.comments)

    async def follow(self) -> None:
        name = f"writer{random.randrange(WRITERS)}"
        action = random.choice(["follow", "unfollow"])
        await self._write(f"/{action}/{name}", {}, page="/")

    async def register(self) -> str | None:
        """Register a new person; the name if that was promised, and thereby a mail."""
        name = self._unique_words("friend")
        async with Person(str(self.base_url), name, self._promises) as friend:
            form = {"email": f"{name}@example.com", "username": name}
            form |= {"password": PASSWORD, "password2": PASSWORD}
            is_promised = await friend._write("/auth/register", form, name, self._promises.people)
        return name if is_promised else None

    async def read(self) -> None:
        await self.ask(
            "GET", random.choice(["/", "/?page=2", f"/user/{self.name}", "/auth/sessions"])
        )

    def _unique_words(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number}by{self.name}"

    async def _write(
        self, address: str, form: dict[str, str], words: str = "", kept: set[str] | None = None, *,
        page: str | None = None,
    ) -> bool:  # fmt: skip
        """Send a form; whether the site promised to keep `words`."""
        shown = await self.ask("GET", page or address)
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text) if shown else None
        if token is None:
            return False
        answer = await self.ask("POST", address, data=form | {"csrf_token": token[1]})
        is_promised = answer is not None and answer.status_code in {201, 302}
        if is_promised and kept is not None:
            kept.add(words)
        return is_promised

    async def ask(self, method: str, address: str, **options: object) -> httpx.Response | None:
        """The answer if it was one, and no sign of trouble; after trouble there is a pause."""
        try:
            answer = await self.request(method, address, **options)  # type: ignore[arg-type]
        except httpx.TransportError:
            self._promises.statuses[0] += 1
        else:
            self._promises.statuses[answer.status_code] += 1
            if answer.status_code == 500:
                self._promises.failures.append(f"{method} {address}")
            if answer.status_code < 500:
                return answer
        await asyncio.sleep(0.1)
        return None


@asynccontextmanager
async def site_on(database_url: str) -> AsyncIterator[Broadside]:
    """An application with its database open, to arrange and to look."""
    app = create_app(Settings(_env_file=None, env="testing", database_url=database_url))  # type: ignore[call-arg]
    await app.database.open()
    try:
        yield app
    finally:
        await app.database.close()


async def run_chaos(folder: Path, rounds: int) -> Figures:
    """Kill a process in each round, and let the site recover.

    Args:
        folder: an empty folder.
        rounds: how many processes are killed: each kind as often as the others.
    """
    begin = time.monotonic()
    promises = Promises()
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(rounds)]
    random.shuffle(victims)
    port = free_port()
    mail = MailServer(folder / "arrived")
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(ExternalPostgres(folder / "postgres"))
        app = await stack.enter_async_context(site_on(postgres.url()))
        await migrate(app.database)
        for number in range(WRITERS):
            await add_user(app, f"writer{number}")
        await mail.start()
        stack.push_async_callback(mail.kill)
        environment = settings_of(
            folder / "var", database_url=postgres.url(), port=port, web_concurrency=WEB_WORKERS,
            background_worker="external", rate_limits="off",
            mail_server="127.0.0.1", mail_port=mail.port, mail_timeout=1,
        )  # fmt: skip
        web = await stack.enter_async_context(Supervised(*BLOG_SERVE, environment=environment))
        worker = await stack.enter_async_context(
            Supervised("blog", "worker", environment=environment)
        )
        url = f"http://127.0.0.1:{port}"
        witness = await stack.enter_async_context(Person(url, "witness", promises))
        await recovered(witness, mail)
        people = [Person(url, f"writer{number}", promises) for number in range(WRITERS)]
        for person in people:
            await stack.enter_async_context(person)
            await person.log_in(person.name)

        recoveries = []
        listening = await stack.enter_async_context(doing(person.listen for person in people))
        async with doing(person.live for person in people):
            for victim in victims:
                await asyncio.sleep(random.uniform(0.2, 2))
                number, moment = await kill(victim, web.program, worker.program, app)
                try:
                    await until(lambda number=number: is_replaced(number, web, worker), LONGEST)
                    await recovered(witness, mail)
                except TimeoutError as error:
                    error.add_note(f"after killing {victim}: {web.output} {worker.output}")
                    raise
                recoveries.append((victim, time.monotonic() - moment))
            # Of what nobody has done by chance nothing could be lost.
            await until(lambda: was_promised(promises), LONGEST)

        bad_pages = [
            f"{address}: {answer.status_code}"
            for person in people
            for address in ("/", "/?page=2", f"/user/{person.name}", "/followed", "/auth/sessions")
            if (answer := await person.get(address, follow_redirects=True)).status_code != 200
        ]
        await until(lambda: all_sent(app), seconds=120)
        unheard = await those_not_told(app, people)
        assert not any(task.done() for task in listening)
        async with app.database.session() as session:
            counts = await wrong_counts(session)
        lost, doubled = await missing(app, promises)
        arrived = mail.arrived()
        return Figures(
            promises=promises,
            lost=lost + sorted(
                name for name in promises.people if f"{name}@example.com" not in arrived
            ),
            doubled=doubled,
            notices=await wrong_notices(app),
            unheard=unheard,
            strangers=[
                address
                for address, ids in arrived.items()
                if address.startswith("friend") and len(set(ids)) > 1
            ],
            mails_twice=sum(len(ids) > len(set(ids)) for ids in arrived.values()),
            recoveries=recoveries,
            bad_pages=bad_pages,
            wrong_counts={name: number for name, number in counts.items() if number},
            restarts=Counter(web=web.restarts, worker=worker.restarts),
            log=web.output,
            seconds=time.monotonic() - begin,
        )  # fmt: skip


@asynccontextmanager
async def doing(
    acts: Iterable[Callable[[], Coroutine[None, None, None]]],
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """While people do something for ever."""
    tasks = [asyncio.create_task(act()) for act in acts]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        assert isinstance(result, asyncio.CancelledError), result


async def kill(victim: str, web: Program, worker: Program, app: Broadside) -> tuple[int, float]:
    """Kill a process; returns its id and the time."""
    if victim == "the mail worker":
        number = worker.pid
    elif victim == "a web worker":
        number = random.choice(workers_of(web)).pid
    else:
        async with app.database.engine.connect() as connection:
            number = (await connection.scalars(BACKEND)).one()
    os.kill(number, signal.SIGKILL)
    return number, time.monotonic()


async def is_replaced(number: int, web: Supervised, worker: Supervised) -> bool:
    """Whether there are as many processes again as there should be, without the killed one."""
    present = [process.pid for process in workers_of(web.program)] + [worker.program.pid]
    return len(present) == WEB_WORKERS + 1 and number not in present


async def was_promised(promises: Promises) -> bool:
    """Whether each kind of thing has been promised."""
    return all((promises.posts, promises.comments, promises.people))


async def recovered(witness: Person, mail: MailServer) -> None:
    """Wait until somebody can register, gets the mail that confirms it, and sees the home page."""

    async def is_served() -> bool:
        name = await witness.register()
        if name is None:
            return False

        async def is_delivered() -> bool:
            return f"{name}@example.com" in mail.arrived()

        await until(is_delivered, LONGEST)
        page = await witness.ask("GET", "/")
        return page is not None and page.status_code == 200

    await until(is_served, LONGEST)


async def all_sent(app: Broadside) -> bool:
    """Whether no mail waits."""
    waiting = select(func.count()).where(Email.state != EmailState.SENT)
    async with app.database.session() as session:
        return not await session.scalar(waiting)


async def those_not_told(app: Broadside, people: list[Person]) -> list[str]:
    """Those whose streams don't tell, within a minute, how many notifications are unread."""

    async def names() -> list[str]:
        count = select(User.username, UNREAD_OF_USER)
        async with app.database.session() as session:
            unread = {row[0]: row[1] for row in await session.execute(count)}
        return [person.name for person in people if person.unread != unread[person.name]]

    async def all_are_told() -> bool:
        return not await names()

    with suppress(TimeoutError):
        await until(all_are_told, seconds=60)
    return await names()


async def wrong_notices(app: Broadside) -> list[int]:
    """The comments whose notification or event is not there exactly once."""
    async with app.database.session() as session:
        return list(await session.scalars(WRONG_NOTICES))


async def missing(app: Broadside, promises: Promises) -> tuple[list[str], list[str]]:
    """The accepted items that are missing, and those that are duplicated."""
    async with app.database.session() as session:
        posts = Counter(await session.scalars(select(Post.body)))
        comments = Counter(await session.scalars(select(Comment.body)))
        people = set(await session.scalars(select(User.username)))
    lost = (promises.posts - posts.keys()) | (promises.comments - comments.keys())
    lost |= promises.people - people
    return sorted(lost), [words for words, number in (posts + comments).items() if number > 1]
