"""schemathesis tries the whole API: what its description allows, and what it does not."""

import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from blog.accounts.tokens.service import issue_token
from blog.core.auth.viewer import Viewer
from blog.core.web.app import Broadside
from blog.models import Scope
from tests.browser.sample_site import app_of, fill
from tests.databases import create_database
from tests.servers import PROJECT, Server, run, serving
from tests.support import PASSWORD, add_user

pytestmark = pytest.mark.live

# In CI the run is short, and always the same; `make fuzz` says otherwise.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
# schemathesis tries wrong passwords on purpose, and would be shut out for it after five.
FORGIVE = [
    "CREATE FUNCTION clear_failures() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN DELETE FROM rate_limits; RETURN NULL; END'",
    "CREATE TRIGGER clear_failures AFTER INSERT ON rate_limits EXECUTE FUNCTION clear_failures()",
]


async def credentials(app: Broadside) -> dict[str, str]:
    """What to send as `Authorization`, by the tag of the operation; `""` for all the others.

    Passwords make tokens and revoke them; so these are not those of the two whose tokens are used.
    """
    writer = await add_user(app, "the.writer")
    moderator = await add_user(app, "the.moderator", role="Moderator")
    await add_user(app, "the.maker", role="Moderator")
    life = timedelta(days=1)
    async with app.database.session() as session:
        writers = await issue_token(
            session, Viewer.of(writer), name="", scopes=Scope.READ | Scope.WRITE, life=life
        )
        moderators = await issue_token(
            session, Viewer.of(moderator), name="", scopes=Scope.READ | Scope.MODERATE, life=life
        )
    password = b64encode(f"the.maker:{PASSWORD}".encode()).decode()
    return {
        "": f"Bearer {writers.secret}",
        **dict.fromkeys(("moderation", "measures", "reports"), f"Bearer {moderators.secret}"),
        "tokens": f"Basic {password}",
        "exports": f"Basic {password}",
    }


@pytest.fixture
async def fuzzed(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Server, dict[str, str]]]:
    """A server with people, posts and comments, and the credentials to call it with."""
    url = await create_database(database_url, "fuzzed")
    app = app_of(tmp_path, url)
    await app.database.open()
    await fill(app)
    callers = await credentials(app)
    async with app.database.engine.begin() as connection:
        for statement in FORGIVE:
            await connection.execute(text(statement))
    await app.database.close()
    settings = {"database_url": url, "rate_limits": "off", "background_worker": "external"}
    async with serving(tmp_path / "server", **settings) as server:
        yield server, callers


@pytest.mark.timeout(600 + 60 * EXAMPLES)
async def test_schemathesis_finds_nothing_wrong(
    fuzzed: tuple[Server, dict[str, str]], tmp_path: Path
) -> None:
    server, callers = fuzzed
    code, report = await run(
        tmp_path, "schemathesis", "run", f"{server.url}/api/openapi.json",
        "--checks=all", "--continue-on-failure", f"--max-examples={EXAMPLES}", f"--seed={SEED}",
        "--generation-database=none", "--suppress-health-check=all", "--no-color",
        seconds=600 + 60 * EXAMPLES,
        schemathesis_hooks=PROJECT / "tests/api/fuzzing.py", fuzz_credentials=json.dumps(callers),
    )  # fmt: skip
    print(report)  # noqa: T201 (it is what `make fuzz` is for)
    assert code == 0, report
    assert "unexpected error" not in server.output
