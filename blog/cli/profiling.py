"""Profiling requests in this process with pyinstrument."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from pyinstrument import Profiler
from quart_auth import generate_auth_token

from blog.accounts.login.service import log_out
from blog.accounts.sessions.service import begin_session
from blog.core.auth.clients import Client
from blog.core.auth.credentials import load_credentials
from blog.core.crypto.tokens import token_digest
from blog.core.web.app import Broadside
from blog.models import LoginSession, User

DEVICE = "blog profile"


class Measurement(NamedTuple):
    """The measurements of one path.

    Attributes:
        path: the path.
        status: the status of the last response.
        seconds: the durations of the requests, the shortest first.
    """

    path: str
    status: int
    seconds: list[float]


async def profile(
    app: Broadside, paths: Sequence[str], requests: int, person: User | None
) -> tuple[Profiler, list[Measurement]]:
    """Request pages one after another under the profiler.

    Each path is first requested once, to fill caches and compile templates.

    Args:
        app: a started application.
        paths: the paths of the pages.
        requests: the number of requests per path.
        person: the user to log in; `None` for an anonymous visitor.

    Returns:
        The stopped profiler, and the measurements.
    """
    profiler = Profiler(async_mode="enabled")
    async with _cookie(app, person) as cookie:
        for path in paths:
            await _request(app, path, cookie)
        with profiler:
            measurements = []
            for path in paths:
                responses = [await _request(app, path, cookie) for _ in range(requests)]
                seconds = sorted(seconds for _, seconds in responses)
                measurements.append(Measurement(path, responses[-1][0], seconds))
    return profiler, measurements


async def _request(app: Broadside, path: str, cookie: dict[str, str]) -> tuple[int, float]:
    """Request a page, and return its status and the duration in seconds."""
    site = urlsplit(app.settings.base_url)
    client = app.test_client(use_cookies=False)
    started = time.perf_counter()
    response = await client.get(path, scheme=site.scheme, headers={"Host": site.netloc, **cookie})
    await response.get_data()
    return response.status_code, time.perf_counter() - started


@asynccontextmanager
async def _cookie(app: Broadside, person: User | None) -> AsyncIterator[dict[str, str]]:
    """The `Cookie` header of a session that ends with this context."""
    if person is None:
        yield {}
        return
    async with app.database.session() as session:
        token = await begin_session(session, person, Client(DEVICE, None), remember=False)
        await session.commit()
    try:
        value = generate_auth_token(app.test_client(), token)
        yield {"Cookie": f"{app.config['COOKIE_PREFIX']}login={value}"}
    finally:
        async with app.database.session() as session:
            (login,) = await load_credentials(session, [token_digest(token)], kind=LoginSession)
            if login is not None:
                await log_out(session, login)
