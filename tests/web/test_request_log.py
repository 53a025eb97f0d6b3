"""The line that each request leaves in the log."""

import json
import logging
import sys

import pytest

from blog.kit.logs import JSONFormatter
from tests.support import Browser


async def test_a_request_is_logged_by_its_route_and_not_by_its_address(
    susans_browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="blog.web.request_log"):
        await susans_browser.get("/auth/confirm/a-secret-token?and=another")
    (line,) = caplog.messages
    assert line.startswith("GET /auth/confirm/<token> 400 in ")
    assert "secret" not in caplog.text
    assert caplog.records[0].user == 1  # type: ignore[attr-defined]


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


def test_a_machine_reads_one_json_object_a_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.getLogger("blog").makeRecord(
            "blog", logging.ERROR, "file", 1, "it %s", ("broke",), sys.exc_info(), extra={"a": 1}
        )
    line = JSONFormatter().format(record)
    assert "\n" not in line
    read = json.loads(line)
    assert (read["level"], read["message"], read["a"]) == ("error", "it broke", 1)
    assert "ValueError: two\nlines" in read["traceback"]
