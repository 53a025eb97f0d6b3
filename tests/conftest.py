"""One real PostgreSQL for the whole run, one application on it, and an empty site for each test."""

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from blog import create_app
from blog.cli.deploy import migrate
from blog.core.crypto.passwords import Passwords
from blog.core.db.embedded import EmbeddedPostgres
from blog.core.db.engines import make_engine
from blog.core.web.app import Broadside
from blog.core.web.rate_limits import RateLimits
from blog.models import User
from settings import Settings
from tests.connections import watch_pools, watched
from tests.emptying import define_emptying, empty
from tests.engines import keep_statements
from tests.forked import end_loaded_process
from tests.kept_code import keep_generated_code
from tests.scheduling import pytest_xdist_make_scheduler
from tests.support import Browser, add_user
from tests.template import FAST_SERVER, copy_data

__all__ = ["pytest_xdist_make_scheduler"]

# Their tests start processes, servers or browsers; the marker stands at others that do.
LIVE_FOLDERS = {"backups", "browser", "cli", "live"}
# A process that begins one of these last keeps all others waiting for its end. They are not quick,
# and so they are marked, too.
LONGEST_FILES = (
    "browser/test_pages.py",
    "api/test_fuzz.py",
    "live/test_starting.py",
    "test_growth.py",
    "media/test_processing.py",
    "core/test_worst_texts.py",
    "live/test_slow_clients.py",
    "accounts/test_login_throttle.py",
    "test_migrations_under_load.py",
    "live/test_chaos.py",
)

for name in Settings.model_fields:
    os.environ.pop(name.upper(), None)

# A shell ignores these for what it runs in the background, and so does whatever that starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)

# A pass of the garbage collector over all modules and tests takes half a second.
COLLECT_AFTER = (20_000, 20, 20)

keep_generated_code()

# Each run makes the folder private that all runs of a user share, and so shuts out the system user
# that PostgreSQL runs as for root. The workers of a run use that of the process that started them.
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not IS_WORKER:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.mkdtemp(prefix="broadside-tests-")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without the garbage collector, which then never looks at them again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the path tells: `-m "not live"` is quick. Begin with the longest files."""
    tests = Path(__file__).parent
    order = {tests / name: place for place, name in enumerate(LONGEST_FILES)}
    for item in items:
        if item.path in order or LIVE_FOLDERS & set(item.path.relative_to(tests).parts):
            item.add_marker(pytest.mark.live)
    items.sort(key=lambda item: order.get(item.path, len(order)))


def pytest_unconfigure() -> None:
    """Remove what the run has left."""
    end_loaded_process()
    if not IS_WORKER:
        shutil.rmtree(os.environ["PYTEST_DEBUG_TEMPROOT"], ignore_errors=True)


@pytest.fixture(scope="session")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run's embedded PostgreSQL and of what the applications keep."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="session")
def database_url(var_dir: Path) -> Iterator[str]:
    """The address of a real PostgreSQL that needs not survive a power failure."""
    copy_data(var_dir)
    server = EmbeddedPostgres(var_dir / "postgres", FAST_SERVER)
    yield server.start()
    if not (server.folder / "postmaster.pid").exists():
        pytest.fail(f"PostgreSQL ended by itself:\n{(server.folder / 'log').read_text()[-4000:]}")
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def kept_statements() -> Iterator[None]:
    """Keep what the engines of this process compile and prepare."""
    with pytest.MonkeyPatch.context() as patch:
        keep_statements(patch)
        yield


@pytest.fixture(scope="session")
def make_settings(var_dir: Path, database_url: str) -> Callable[..., Settings]:
    """Settings for an application on the run's database; keywords replace single ones."""

    def make(**changes: object) -> Settings:
        values: dict[str, object] = {
            "env": "testing",
            "secret_key": "the tests' own key, which signs nothing of value",
            "database_url": database_url,
            "var_dir": var_dir,
            "base_url": "https://blog.test",
            "background_worker": "external",
        }
        return Settings(_env_file=None, **(values | changes))  # type: ignore[arg-type]

    return make


class RunningApp(NamedTuple):
    """The application that most tests talk to, and what its requests did with connections."""

    app: Broadside
    faults: list[str]


@pytest.fixture(scope="session")
async def running_app(make_settings: Callable[..., Settings]) -> AsyncIterator[RunningApp]:
    """The application that most tests talk to, started, with hashing made cheap."""
    app = create_app(make_settings())
    app.passwords = Passwords(time_cost=1, memory_kib=8)
    await app.database.open()
    await migrate(app.database)
    await app.database.close()
    with watched(app) as faults:
        async with app.test_app():
            watch_pools(app)
            yield RunningApp(app, faults)


@pytest.fixture(scope="session")
async def own_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections of the tests' own, without the time limits of a request's."""
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def emptying_engine(running_app: RunningApp, database_url: str) -> AsyncIterator[AsyncEngine]:
    """The connection on which the site is emptied; its statements stay planned."""
    engine = make_engine(database_url, 1, autocommit=True)
    async with engine.connect() as connection:
        await define_emptying(connection)
    yield engine
    await engine.dispose()


@pytest.fixture
async def app(running_app: RunningApp, emptying_engine: AsyncEngine) -> AsyncIterator[Broadside]:
    """The running application, on a site without people, posts and mail.

    No request to it may wait for anything but the database with a connection in hand.
    """
    app, faults = running_app
    await empty(emptying_engine)
    if app.site.version:
        app.site_settings.apply(app.site_settings.defaults)
    # It has not seen any client yet.
    app.rate_limits = RateLimits(app.database)
    faults.clear()
    yield app
    assert not faults


@pytest.fixture
async def db(app: Broadside, own_engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A database session of the test's own, to arrange and to look, for as long as it takes."""
    async with app.database.session() as session:
        info = session.info
    async with AsyncSession(own_engine, expire_on_commit=False, info=info) as session:
        yield session


@pytest.fixture
async def browser(app: Broadside) -> AsyncIterator[Browser]:
    """A visitor with a cookie jar; redirects are not followed by themselves."""
    async with Browser(app) as visitor:
        yield visitor


@pytest.fixture
def make_user(app: Broadside) -> Callable[..., Awaitable[User]]:
    """Add a person to the site: `await make_user("susan", role="Moderator")`."""

    async def make(username: str = "susan", **values: object) -> User:
        return await add_user(app, username, **values)

    return make


@pytest.fixture
async def susan(app: Broadside) -> User:
    """A confirmed person with the password `PASSWORD`."""
    return await add_user(app, "susan")


@pytest.fixture
async def susans_browser(app: Broadside, susan: User) -> AsyncIterator[Browser]:
    """Susan's browser, logged in."""
    async with Browser(app) as visitor:
        await visitor.open_session(susan.username)
        yield visitor
