"""Commands that change pages which a cache keeps for long."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import StaleKey, User
from tests.cli.conftest import Command

CACHE: dict[str, Any] = {"purge_url": "http://127.0.0.1:1/", "purge_cache": "varnish"}


async def marked(db: AsyncSession) -> set[str]:
    return set(await db.scalars(select(StaleKey.key)))


async def test_demo_data_that_is_loaded_into_a_running_site_purges_all_pages(
    blog: Command, db: AsyncSession
) -> None:
    code, output = await blog("demo", "--users", "5", "--posts", "5", **CACHE)
    assert code == 0, output
    assert await marked(db) == {"site"}


@pytest.mark.parametrize("is_wrong", [False, True])
async def test_counts_that_are_repaired_purge_all_pages(
    blog: Command, db: AsyncSession, susan: User, is_wrong: bool
) -> None:
    await db.execute(update(User).values(post_count=7 if is_wrong else 0))
    await db.commit()
    code, output = await blog("recount", **CACHE)
    assert code == 0, output
    assert await marked(db) == ({"site"} if is_wrong else set())
