"""The lock files belong to `pyproject.toml`: `make lock` was not forgotten."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).parents[1]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())
GROUPS = DECLARED["dependency-groups"]
TELEMETRY = DECLARED["project"]["optional-dependencies"]["telemetry"]
RUN = [*DECLARED["project"]["dependencies"], *GROUPS["build"]]


def pins(lock: str) -> dict[str, Version]:
    """The versions in a lock file, by the names of the packages."""
    found = re.findall(r"^([\w.-]+)==([^ ]+)", (PROJECT / "requirements" / lock).read_text(), re.M)
    return {canonicalize_name(name): Version(version) for name, version in found}


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("run.lock", RUN),
        ("telemetry.lock", RUN + TELEMETRY),
        ("dev.lock", RUN + TELEMETRY + GROUPS["dev"]),
        ("cluster.lock", GROUPS["cluster"]),
    ],
)
def test_declared_dependencies_are_pinned(lock: str, wanted: list[str]) -> None:
    pinned = pins(lock)
    for requirement in map(Requirement, wanted):
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


def test_all_files_pin_the_same_versions() -> None:
    assert pins("run.lock").items() <= pins("telemetry.lock").items() <= pins("dev.lock").items()


@pytest.mark.parametrize("lock", ["run.lock", "telemetry.lock", "dev.lock", "cluster.lock"])
def test_everything_has_a_hash_and_nothing_an_address(lock: str) -> None:
    text = (PROJECT / "requirements" / lock).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
