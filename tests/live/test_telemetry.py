"""Traces and metrics of a real site, as a real collector gets them."""

import json
import re
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.databases import create_database
from tests.live.collector import Collector, ReceivedSpan, collecting
from tests.live.remote_browser import RemoteBrowser
from tests.mail.smtp import Inbox, receiving
from tests.servers import Server, serving, until

SERVER, CLIENT, CONSUMER = 2, 3, 5
FOREIGN = "abcd" * 8
PASSWORD, BODY = "the password of david", "what nobody but readers should see"


@asynccontextmanager
async def site_with(
    collector: Collector, url: str, folder: Path, **settings: object
) -> AsyncIterator[Server]:
    """A site in production whose log is `folder/log`."""
    async with serving(
        folder / "var",
        env="production",
        base_url="https://blog.test",
        database_url=url,
        trusted_proxies=1,
        log_to=folder / "log",
        otel_exporter_otlp_endpoint=collector.url,
        otel_traces_sampler_arg=1,
        **settings,
    ) as server:
        yield server


def below(span: ReceivedSpan, spans: list[ReceivedSpan]) -> list[ReceivedSpan]:
    """The spans whose parent is `span`."""
    return [each for each in spans if each.parent == span.id]


async def test_one_trace_shows_a_request_its_statements_and_what_it_has_queued(
    database_url: str, tmp_path: Path
) -> None:
    registering, publishing = secrets.token_hex(16), secrets.token_hex(16)
    url = await create_database(database_url, "traced")
    with collecting() as collector:
        async with (
            receiving(Inbox()) as inbox,
            site_with(
                collector,
                url,
                tmp_path,
                mail_server="127.0.0.1",
                mail_port=inbox.port,
                websub_hub="http://127.0.0.1/",  # No public address, so it is not asked.
                otel_exporter_otlp_headers="authorization=Bearer%20a-key",
            ) as server,
            RemoteBrowser(server) as browser,
        ):
            form = {"email": "david@example.com", "username": "david", "password": PASSWORD}
            browser.headers.update({"X-Request-ID": registering, "X-Forwarded-For": "203.0.113.9"})
            await browser.submit("/auth/register", form | {"password2": PASSWORD})
            mail = (await inbox.holds(1))[0].get_body(("plain",)).get_content()
            token = re.findall(r"https://blog\.test/auth/confirm/(\S+)", mail)[0]
            await browser.submit(f"/auth/confirm/{token}")
            await browser.get("/about", headers={"traceparent": f"00-{FOREIGN}-{'1' * 16}-01"})
            browser.headers["X-Request-ID"] = publishing
            assert (await browser.submit("/", {"body": BODY})).status_code == 302

            async def jobs_have_run() -> bool:
                was_tried = "the WebSub hub" in (tmp_path / "log").read_text()
                return was_tried and "broadside_component_up" in collector.metrics()

            await until(jobs_have_run)
            assert await server.stop() == 0

    spans = collector.spans()
    root = next(each for each in spans if each.name == "POST /auth/register")
    assert (root.trace, root.parent, root.kind) == (registering, "", SERVER)
    assert root.attributes["http.response.status_code"] == 302
    statements = [each for each in below(root, spans) if "db.query.text" in each.attributes]
    assert any(each.attributes["db.query.text"].startswith("INSERT") for each in statements)
    assert {each.kind for each in statements} == {CLIENT}
    (sent,) = [each for each in below(root, spans) if each.name == "mail confirm"]
    assert (sent.trace, sent.kind, sent.has_failed) == (registering, CLIENT, False)

    published = next(each for each in spans if each.name == "POST /" and each.trace == publishing)
    (job,) = [each for each in below(published, spans) if each.name == "job ping_hub"]
    assert (job.trace, job.kind, job.has_failed) == (publishing, CONSUMER, True)
    assert "fetch POST" in {each.name for each in below(job, spans)}
    (root,) = [each for each in spans if each.name == "GET /about"]
    assert (root.trace, root.parent) == (FOREIGN, "1" * 16), "a proxy has begun this trace"
    ids = {each.id for each in spans} | {""}
    assert all(each.parent in ids for each in spans if each != root), "no span is missing"

    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (line,) = [each for each in lines if each["message"] == "POST / 302"]
    assert (line["trace_id"], line["span_id"]) == (publishing, published.id)
    (line,) = [each for each in lines if "the WebSub hub" in each["message"]]
    assert (line["trace_id"], line["span_id"]) == (publishing, job.id)

    private = ["david", PASSWORD, BODY, token, "203.0.113.9", "example.com"]
    sent_bytes = b"".join(body for _, body in collector.bodies)
    assert [each for each in private if each.encode() in sent_bytes] == []
    metrics = collector.metrics()
    labels = {
        tuple(each.value.string_value for each in point.attributes): point.as_double
        for point in metrics["broadside_requests_total"].sum.data_points
    }
    assert labels["POST", "/auth/register", "302"] == 1
    works = metrics["broadside_component_up"].gauge.data_points
    assert {each.as_double for each in works} == {1}
    durations = metrics["broadside_request_seconds"].histogram.data_points
    assert all(sum(each.bucket_counts) == each.count for each in durations)
    assert collector.headers["authorization"] == "Bearer a-key"


@pytest.mark.parametrize("fault", [{"hangs": True}, {"status": 401}])
async def test_a_collector_that_takes_nothing_costs_a_line_and_no_request(
    fault: dict[str, int], site_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with collecting(**fault) as collector:
        async with site_with(collector, site_url, tmp_path) as server:
            async with httpx.AsyncClient(base_url=server.url, headers={"Host": "blog.test"}) as one:
                for _ in range(3):
                    before = len(collector.bodies)
                    assert (await one.get("/", timeout=30)).status_code == 200

                    async def has_arrived(before: int = before) -> bool:
                        return len(collector.bodies) > before or "hangs" in fault

                    await until(has_arrived)
            assert await server.stop() == 0, "its end waits for the collector, but not for long"
    log = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if "core.telemetry" in line]
    found = [(line["level"], line["message"].partition(" for ")[0]) for line in lines]
    if "status" in fault:
        assert sorted(found) == [("warning", "metrics"), ("warning", "traces")]
        assert [line["message"] for line in lines if "401" not in line["message"]] == []
    else:
        assert (
            "warning",
            "the collector has not taken the last traces and metrics in time",
        ) in found
    assert "opentelemetry" not in log


def test_nothing_of_opentelemetry_is_loaded_without_a_collector() -> None:
    loaded = "import sys, blog; print([name for name in sys.modules if 'opentelemetry' in name])"
    printed = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert printed.stdout == "[]\n"
