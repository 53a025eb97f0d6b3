"""Sessions for reading, with the ORM only where a statement loads objects."""

from functools import cached_property
from types import TracebackType
from typing import Any

from sqlalchemy import Executable, Result
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn


class ReadingSession(AsyncSession):
    """A session in autocommit mode.

    Most statements read rows. Each of those has a connection until its rows are there, and needs no
    session of the ORM: to make one, give it a connection and close it would take as long as the
    rest of the statement. The ORM's session is made for the first statement that loads objects, and
    runs all further ones: who waits for a second connection with one in hand can deadlock the pool.

    Args:
        engine: in autocommit mode.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @cached_property
    def sync_session(self) -> Session:  # type: ignore[override]
        super().__init__(self._engine, expire_on_commit=False)  # Which sets it.
        return self.sync_session

    @cached_property
    def _proxied(self) -> Session:  # type: ignore[override]
        return self.sync_session

    async def execute(
        self, statement: Executable, params: Any = None, **options: Any
    ) -> Result[Any]:
        """As `AsyncSession.execute`."""
        if options or self._has_session or _loads_objects(statement):
            return await super().execute(statement, params, **options)
        return await greenlet_spawn(self._rows, statement, params)

    async def scalar(self, statement: Executable, params: Any = None, **options: Any) -> Any:
        """As `AsyncSession.scalar`."""
        return (await self.execute(statement, params, **options)).scalar()

    async def close(self) -> None:
        """As `AsyncSession.close`."""
        if self._has_session:
            await super().close()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._has_session:
            await super().__aexit__(kind, error, traceback)

    @property
    def _has_session(self) -> bool:
        """Whether there is a session of the ORM; it may hold a connection."""
        return "sync_session" in vars(self)

    def _rows(self, statement: Executable, params: Any) -> Result[Any]:
        # asyncpg has all rows by the end of a statement.
        with self._engine.sync_engine.connect() as connection:
            return connection.execute(statement, params)


def _loads_objects(statement: Executable) -> bool:
    """Whether a statement is one of the ORM, as its session tells."""
    return statement._propagate_attrs.get("compile_state_plugin") == "orm"
