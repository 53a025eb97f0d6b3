"""Cards: images that other sites show with links to our pages (drawn by `drawing.py`).

A card is stored under a digest of its text, so it is drawn once, and again after a change. A job
deletes old cards, including those of deleted posts; the others are drawn again on demand.
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple, cast

from quart import Blueprint, Response, abort, request

from blog.core.auth.viewer import ANONYMOUS
from blog.core.clock import now
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.storage.interface import NoSuchObjectError
from blog.core.storage.sweeping import delete_old
from blog.core.text.process_pool import (
    FunctionFailedError,
    OutOfTimeError,
    OverloadedError,
    ProcessPool,
)
from blog.core.web.app import current_app, read
from blog.core.web.stored_files import stored_file
from blog.discovery import drawing
from blog.models import Post, User
from blog.posts.reading import readable_post
from blog.users.queries import user_by_username

blueprint = Blueprint("cards", __name__, url_prefix="/card")

FOLDER = "cards"
KEPT_FOR = timedelta(days=30)
CPU_SECONDS, WALL_SECONDS = 10.0, 60.0
MEMORY_BYTES = 512 * 1024**2
LONGEST_QUEUE = 20
DAY, YEAR = 86_400, 31_536_000
TOO_BUSY = lazy_gettext("Too many images are being drawn right now. Please try again soon.")


class Card(NamedTuple):
    """The text of a card."""

    title: str
    byline: str
    site: str

    @property
    def digest(self) -> str:
        """Identifies the image."""
        text = json.dumps([drawing.VERSION, *self])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def card_of_post(post: Post) -> Card:
    """The card of a post; a note has only its author."""
    author = post.author.name or post.author.username
    return Card(post.title or author, author if post.title else "", current_app.site.site_name)


def card_of_person(user: User) -> Card:
    """The card of a profile."""
    return Card(user.name or user.username, f"@{user.username}", current_app.site.site_name)


def card_of_site() -> Card:
    """The card of the home page."""
    return Card(current_app.site.tagline, "", current_app.site.site_name)


def card_address(page: str, card: Card) -> str:
    """The absolute URL of a card, which changes with its text.

    Args:
        page: `site`, or the page within `/card/`: `post/7`.
    """
    return f"{current_app.settings.base_url}/card/{page}.png?v={card.digest[:8]}"


class CardProcesses:
    """Draws cards, each in a process of its own, and one card only once at a time."""

    def __init__(self) -> None:
        self._pool = ProcessPool(
            [drawing.__name__],
            size=1,
            cpu_seconds=CPU_SECONDS,
            wall_seconds=WALL_SECONDS,
            longest_queue=LONGEST_QUEUE,
            memory_bytes=MEMORY_BYTES,
            keep=False,
        )
        self._drawn: dict[str, asyncio.Task[bytes]] = {}

    async def draw(self, card: Card) -> bytes:
        """A PNG.

        Raises:
            OverloadedError, OutOfTimeError, FunctionFailedError: it cannot be drawn (now).
        """
        digest = card.digest
        if (task := self._drawn.get(digest)) is None:
            task = self._drawn[digest] = asyncio.create_task(self._draw(card))
            task.add_done_callback(lambda _task: self._drawn.pop(digest))
        return await asyncio.shield(task)

    async def _draw(self, card: Card) -> bytes:
        return base64.b64decode(await self._pool.run(drawing.draw_card, *card))

    async def close(self) -> None:
        """End the processes."""
        await self._pool.close()


@blueprint.get("/site.png")
async def site() -> Response:
    """The card of the home page."""
    return await _served(card_of_site())


@blueprint.get("/user/<username>.png")
async def person(username: str) -> Response:
    """The card of a profile."""
    user = await read(user_by_username, username)
    if user is None:
        raise NotFoundError
    return await _served(card_of_person(user))


@blueprint.get("/post/<id:post_id>.png")
async def post(post_id: int) -> Response:
    """The card of a post that everybody may read."""
    return await _served(card_of_post(await readable_post(post_id, ANONYMOUS)))


async def _served(card: Card) -> Response:
    digest = card.digest
    key = f"{FOLDER}/{digest[:2]}/{digest}.png"
    try:
        response = await stored_file(key)
    except NoSuchObjectError:
        await _store(card, key)
        response = await stored_file(key)
    response.cache_control.no_cache = response.cache_control.private = None
    response.cache_control.public = True
    is_named = request.args.get("v") == digest[:8]
    response.cache_control.max_age = YEAR if is_named else DAY
    return response


async def _store(card: Card, key: str) -> None:
    processes = cast(CardProcesses, current_app.extensions["cards"])
    try:
        content = await processes.draw(card)
    except (OverloadedError, OutOfTimeError, FunctionFailedError) as error:
        current_app.logger.error("a card cannot be drawn: %s", error or type(error).__name__)
        abort(503, str(TOO_BUSY))

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    await current_app.storage.put(key, pieces())


async def sweep(_job: RunningJob) -> None:
    """Delete old cards."""
    await delete_old(current_app.storage, FOLDER, now() - KEPT_FOR)


SWEEP_CARDS = JobKind("sweep_cards", sweep, at_once=1, every=timedelta(days=1))
