"""The compose files, as far as they can be tested without containers."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers import PROJECT

FILES = ("compose.yaml", "deploy/cluster/compose.yaml")
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[-?][^}]*)?\}")
# What the files say at their top that a file .env has to set.
REQUIRED = {"POSTGRES_PASSWORD"}


def loaded(file: str) -> tuple[Path, dict[str, Any]]:
    path = PROJECT / file
    return path.parent, yaml.safe_load(path.read_text())


@pytest.mark.parametrize("file", FILES)
def test_services_wait_for_and_share_the_network_of_services_that_there_are(file: str) -> None:
    _, content = loaded(file)
    services = content["services"]
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], (name, other)
            else:
                assert services[other]["restart"] == "no", (name, other)
        if network := service.get("network_mode"):
            assert network.removeprefix("service:") in services, name


@pytest.mark.parametrize("file", FILES)
def test_what_is_built_and_mounted_is_there(file: str) -> None:
    folder, content = loaded(file)
    for name, service in content["services"].items():
        if build := service.get("build"):
            context = build["context"] if isinstance(build, dict) else build
            assert (folder / context / "Dockerfile").is_file(), name
        for volume in service.get("volumes", []):
            source, target, *_ = volume.split(":")
            assert target.startswith("/"), (name, volume)
            there = (folder / source).exists() if "/" in source else source in content["volumes"]
            assert there, (name, volume)


@pytest.mark.parametrize("file", FILES)
def test_a_variable_that_is_not_required_has_a_default(file: str) -> None:
    text = (PROJECT / file).read_text()
    found = VARIABLE.findall(text)
    assert {name for name, default in found if not default.startswith(":-")} <= REQUIRED
    assert {name for name, default in found if default.startswith(":?")} >= REQUIRED


@pytest.mark.parametrize("file", FILES)
def test_containers_gain_no_privileges(file: str) -> None:
    _, content = loaded(file)
    for name, service in content["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
