"""Counting statements, and logging slow ones."""

import logging

import pytest
from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import create_async_engine

from blog.core.db import statements
from blog.core.web.app import Broadside


@pytest.mark.parametrize(("slow_seconds", "warnings"), [(0.0, 1), (60.0, 0)])
async def test_a_slow_query_is_logged_without_its_parameters(
    app: Broadside, caplog: pytest.LogCaptureFixture, slow_seconds: float, warnings: int
) -> None:
    engine = create_async_engine(app.database.engine.url)
    statements.watch(engine, slow_seconds)
    with caplog.at_level(logging.WARNING, logger="blog.core.db.statements"):
        async with engine.connect() as connection:
            await connection.execute(select(literal("secret words")))
    await engine.dispose()
    assert len(caplog.records) == warnings
    assert "secret words" not in caplog.text
    if warnings:
        assert "SELECT" in caplog.text
        assert "(str)" in caplog.text
