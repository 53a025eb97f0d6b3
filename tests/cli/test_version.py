"""`blog version`"""

import tomllib
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.cli.conftest import Command

PROJECT = Path(__file__).parents[2]


async def test_the_version_is_that_of_the_package_and_of_its_newest_migration(
    blog: Command,
) -> None:
    package = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    newest = ScriptDirectory.from_config(Config(PROJECT / "alembic.ini")).get_current_head()
    code, output = await blog("version")
    first, python, schema = output.splitlines()
    assert (code, first, schema) == (0, f"Broadside {package}", f"Schema {newest}")
    assert python.startswith("Python 3.")
