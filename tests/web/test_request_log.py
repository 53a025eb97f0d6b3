"""The line that each request leaves in the log, and the id that all of its lines have."""

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from blog import create_app
from blog.core.telemetry import spans
from blog.core.telemetry.exporting import build_sampler
from blog.core.telemetry.tracing import TraceIds, Tracing
from blog.core.web import request_log
from blog.core.web.app import Broadside
from blog.core.web.logs import JSONFormatter, TextFormatter, request_id
from settings import Settings
from tests.support import Browser


class Lines(list[dict[str, Any]]):
    """What was logged, as a machine reads it."""

    def of_requests(self) -> list[dict[str, Any]]:
        return [line for line in self if line["logger"] == "blog.core.web.request_log"]


class Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JSONFormatter())
        self.lines = Lines()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Iterator[Lines]:
    collector, blog = Collector(), logging.getLogger("blog")
    blog.addHandler(collector)
    blog.setLevel(logging.INFO)
    yield collector.lines
    blog.removeHandler(collector)
    blog.setLevel(logging.NOTSET)


async def test_a_request_is_logged_by_its_route_and_not_by_its_address(
    susans_browser: Browser, lines: Lines
) -> None:
    answer = await susans_browser.get("/auth/confirm/a-secret-token?and=another-secret")
    (line,) = lines.of_requests()
    assert line["message"] == "GET /auth/confirm/<token> 400"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/auth/confirm/<token>", 400)
    assert (line["user"], line["client"]) == (1, "127.0.0.1")
    assert line["milliseconds"] >= line["database_milliseconds"] > 0
    assert line["statements"] == 1
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in json.dumps(lines)


async def test_an_unknown_route_and_an_invented_method_are_not_repeated(
    browser: Browser, lines: Lines
) -> None:
    await browser.request("SECRET", "/a-secret-address")
    assert [line["message"] for line in lines] == ["other unknown 404"]


async def test_health_checks_are_not_logged(browser: Browser, lines: Lines) -> None:
    await browser.get("/healthz")
    await browser.get("/readyz")
    assert lines == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [("client-chose-this", True), ("short", False), ("a b c d e f g h", False), ("x" * 65, False)],
)
async def test_a_well_formed_request_id_is_kept_and_sent_back(
    browser: Browser, given: str, kept: bool
) -> None:
    answer = await browser.get("/", headers={"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(("proxies", "counts"), [("192.0.2.1/32", False), ("127.0.0.1/32", True)])
async def test_only_a_trusted_proxy_chooses_the_trace_and_so_whether_it_is_kept(
    make_settings: Callable[..., Settings], proxies: str, counts: bool
) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(build_sampler(0.5), id_generator=TraceIds(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    low, parent = f"{1:032x}", f"{2:032x}"  # Low ids are in every share.
    spans.set_tracing(Tracing(provider.get_tracer("test")))
    try:
        async with Browser(create_app(make_settings(trusted_proxies=proxies))) as browser:
            await browser.get("/healthz", headers={"X-Request-ID": low})
            await browser.get("/healthz", headers={"traceparent": f"00-{parent}-{1:016x}-01"})
    finally:
        spans.set_tracing(None)
    traces = [f"{span.context.trace_id:032x}" for span in kept.get_finished_spans()]
    assert ({low, parent} <= {*traces}) is counts, traces
    assert counts or not {low, parent} & {*traces}


async def test_every_line_of_a_request_has_its_id_and_no_other_line_has(
    app: Broadside, browser: Browser, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    async def failing() -> str:
        await asyncio.to_thread(logging.getLogger("blog.thread").info, "from a thread")
        return str(1 // 0)

    monkeypatch.setitem(app.view_functions, "site.home", failing)
    answers = await asyncio.gather(
        *(browser.get("/", headers={"X-Request-ID": f"request-{number}"}) for number in range(3))
    )
    logging.getLogger("blog").info("outside")
    assert [answer.status_code for answer in answers] == [500, 500, 500]
    for number in range(3):
        own = [line for line in lines if line.get("request_id") == f"request-{number}"]
        assert [line["message"] for line in own] == [
            "from a thread", "unexpected error in GET /", "GET / 500",
        ]  # fmt: skip
        assert "ZeroDivisionError" in own[1]["traceback"]
    assert [line["message"] for line in lines if "request_id" not in line] == ["outside"]


async def test_a_slow_query_is_a_warning_with_all_that_is_needed_to_find_it(
    app: Broadside, make_settings: Any, lines: Lines
) -> None:
    watchful = create_app(make_settings(slow_query_seconds=0))
    async with watchful.test_app(), Browser(watchful) as browser:
        answer = await browser.get("/user/secret-name")
    logged = [line for line in lines if line["logger"] == "blog.core.db.statements"]
    # The process reads the settings of the site and writes its figures for no request.
    for line in logged:
        assert (line["route"] == "no request") is ("request_id" not in line)
    slow = [line for line in logged if "request_id" in line]
    assert slow
    for line in slow:
        assert line["level"] == "warning"
        assert line["route"] == "/user/<username>"
        assert line["statement"].startswith(("SELECT", "WITH"))
        assert line["seconds"] >= 0
        assert line["request_id"] == answer.headers["x-request-id"]
    assert slow[0]["parameter_types"] == "str"
    assert "secret" not in json.dumps(lines)


def test_a_terminal_shows_columns_and_the_beginning_of_the_id() -> None:
    formatter = TextFormatter(coloured=True, layouts={request_log.__name__: request_log.LAYOUT})
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    log = logging.Logger(request_log.__name__)
    log.addHandler(handler)
    token = request_id.set("0123456789abcdef")
    facts = {
        "method": "GET", "route": "/", "status": 200, "milliseconds": 12.3, "statements": 2,
        "database_milliseconds": 4.5,
    }  # fmt: skip
    log.info("GET / 200", extra=facts)
    request_id.reset(token)
    log.name = "asyncio"
    log.warning("careful")
    first, second = stream.getvalue().splitlines()
    assert (
        first[9:] == "INFO   \x1b[0m 01234567 200     12.3 ms,  2 statements in     4.5 ms: GET /"
    )
    assert second[9:] == "\x1b[33mWARNING\x1b[0m          asyncio: careful"


async def test_settings_refuse_a_bare_word_to_log_to(make_settings: Any) -> None:
    assert isinstance(make_settings(log_to="./log"), Settings)
    with pytest.raises(ValueError, match="must be stderr, syslog"):
        make_settings(log_to="stdout")
