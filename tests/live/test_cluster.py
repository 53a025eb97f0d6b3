"""A short round of the cluster's drills; `make cluster ARGS="--drill"` is the long version."""

import os

import httpx
import pytest

from tests.live.cluster.cluster import DATABASES, Cluster
from tests.live.cluster.drills import Fault, drill
from tests.live.cluster.programs import NotInstalledError, require_all

# A machine that hangs is noticed by time limits, which a busy machine exceeds by itself, so these
# are faults that programs notice at once.
FAULTS = [
    Fault("the primary", "killed"),
    Fault("PgBouncer", "killed"),
    Fault("the primary", "switched over"),
]


async def test_a_cluster_loses_nothing_when_parts_of_it_are_killed_under_load() -> None:
    try:
        require_all()
    except NotInstalledError as error:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(str(error))
    async with Cluster() as cluster:
        for name in DATABASES:
            api = f"http://127.0.0.1:{cluster.port(f'{name}-rest')}"
            async with httpx.AsyncClient(base_url=api, timeout=60) as stranger:
                codes = [
                    (await stranger.patch("/config", json={"ttl": 3600})).status_code,
                    (await stranger.post("/failsafe", json={})).status_code,
                    (await stranger.post("/switchover", json={"leader": "db1"})).status_code,
                ]
                assert codes == [401, 401, 401]
        figures = await drill(cluster, FAULTS)
    records = figures.records
    assert figures.failures == []
    assert [each.fault for each in figures.rounds] == FAULTS
    assert records.acknowledged
    assert figures.lost == []
    assert figures.doubled == []
    assert records.stale == []
    assert records.reads
    assert records.unread == []
    assert records.unexpected == []
    assert records.impatient == []
    assert figures.errors == []
