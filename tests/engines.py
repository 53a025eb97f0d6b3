"""Engines that keep statements for as long as a run of the tests lasts.

The tests send many times more different statements than a site does in an hour. With the caches of
a site most of them would be compiled anew, and prepared anew on each connection of the pool.
"""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from blog.core.db import engines

COMPILED, PREPARED = 5_000, 500


def keep_statements(patch: pytest.MonkeyPatch) -> None:
    """Let the engines that this process makes keep what they have compiled and prepared."""

    def create(url: str, *, connect_args: dict[str, Any], **options: Any) -> AsyncEngine:
        return create_async_engine(
            url,
            query_cache_size=COMPILED,
            # The connection that was used last has prepared the most.
            pool_use_lifo=True,
            connect_args={"prepared_statement_cache_size": PREPARED, **connect_args},
            **options,
        )

    patch.setattr(engines, "create_async_engine", create)
