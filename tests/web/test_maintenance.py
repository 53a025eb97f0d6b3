"""Maintenance: visitors are told when to come back, and nothing is asked of the database."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from blog import create_app
from blog.core.web.app import Broadside
from settings import Settings
from tests.cli.conftest import Command, blog
from tests.support import Browser

__all__ = ["blog"]


@pytest.fixture
async def site(
    app: Broadside, make_settings: Callable[..., Settings], tmp_path: Path
) -> AsyncIterator[Broadside]:
    """An application with a `VAR_DIR` of its own."""
    started = create_app(make_settings(var_dir=tmp_path))
    async with started.test_app():
        yield started


async def test_pages_forms_and_the_api_are_refused_in_words_until_it_ends(
    site: Broadside, blog: Command
) -> None:
    assert (await blog("maintenance", "on", "--words", "Back at <noon>."))[0] == 0
    async with Browser(site) as browser:
        page = await browser.get("/")
        assert (page.status_code, page.headers["retry-after"]) == (503, "60")
        assert "Back at &lt;noon&gt;." in page.text
        assert page.headers.get("cache-control") != "public"
        sent = await browser.post("/auth/login", data={"email": "susan", "password": "x"})
        answer = await browser.get("/api/v1/posts/")
        assert (sent.status_code, answer.status_code) == (503, 503)
        assert answer.json()["detail"] == "Back at <noon>."
        assert (await browser.get("/healthz")).status_code == 200
        assert (await browser.get("/readyz")).status_code == 200
        assert (await blog("maintenance", "off"))[0] == 0
        assert (await blog("maintenance", "off"))[0] == 0
        assert (await browser.get("/")).status_code == 200
