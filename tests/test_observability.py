"""The dashboard and the alerts of `deploy/observability/` read metrics that there are."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from blog.core.jobs.summary import Sort
from blog.core.web.app import Broadside
from blog.models import EmailState
from tests.support import Browser

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / "deploy" / "observability"
RULES = FOLDER / "alerts.yml"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
PROMTOOL = PROJECT / ".venv" / "prometheus" / "usr" / "bin" / "promtool"
# There are no such metrics without an archive of the log and without replicas.
OPTIONAL = {"broadside_archive_up", "broadside_archive_behind_bytes", "broadside_replica_usable"}
# What Prometheus adds to what it reads.
OF_PROMETHEUS = {"job", "instance"}
STATES = {"broadside_jobs": set(Sort), "broadside_outbox_messages": set(EmailState)}


def rules() -> list[dict[str, Any]]:
    """All rules, in the order of the file."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[str]:
    """All PromQL of the two files."""
    yield from (rule["expr"] for rule in rules())
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


async def exposed(app: Broadside) -> dict[str, set[str]]:
    """The metrics of a running site and the labels of each."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:5000") as client:
        shown = (await client.get("/metrics")).text
    found: dict[str, set[str]] = {name: set() for name in re.findall(r"^# HELP (\S+)", shown, re.M)}
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? ", shown, re.M):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


async def test_every_query_reads_metrics_and_labels_that_there_are(
    app: Broadside, browser: Browser
) -> None:
    await browser.get("/about")
    metrics = await exposed(app)
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for query in queries():
        names = set(re.findall(r"\b(?:broadside|process)[_:][\w:]+", query))
        assert names or "up{" in query
        assert names <= metrics.keys() | recorded | OPTIONAL, query
        used = set(re.findall(r'(\w+)(?:=|!=|=~|!~)"', query))
        used |= {
            each.strip() for by in re.findall(r"by \((.*?)\)", query) for each in by.split(",")
        }
        known = {label for name in names for label in metrics.get(name, set())}
        if names & OPTIONAL:
            known.add("server")
        if "out_of_space" in query:  # It has no values yet.
            known.add("disk")
        assert used <= known | OF_PROMETHEUS, query
        for name, states in STATES.items():
            for state in re.findall(name + r'\{state="(\w+)"', query):
                assert state in states, query


def test_the_dashboard_can_be_imported() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        squares = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not squares & places, f"{panel['title']} covers another panel"
        places |= squares
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}"


def test_every_alert_says_what_is_wrong_and_is_documented() -> None:
    operating = (PROJECT / "docs" / "operating.md").read_text()
    objectives = set()
    for rule in rules():
        if "alert" in rule:
            assert {"summary", "description"} == rule["annotations"].keys()
            assert rule["labels"]["severity"] in {"page", "ticket"}
            objectives.add(rule["labels"].get("objective"))
            assert f"`{rule['alert']}" in operating or rule["alert"].startswith(
                ("BroadsideAvailability", "BroadsideLatency")
            )
    assert objectives == {None, "availability", "latency", "freshness", "mail", "backups"}


@pytest.mark.parametrize(
    "command", [("check", RULES), ("test", Path(__file__).parent / "alerts.yml")]
)
def test_prometheus_takes_the_rules_and_alerts_when_it_should(command: tuple[str, Path]) -> None:
    if not PROMTOOL.exists():
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("this test needs promtool: make promtool")
    word, file = command
    checked = subprocess.run(
        [PROMTOOL, word, "rules", file], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
