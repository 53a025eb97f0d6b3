"""Error responses."""

import pytest

from blog.core.web.app import Broadside
from tests.support import Browser


async def test_an_unknown_address_is_a_page_that_leads_home(browser: Browser) -> None:
    answer = await browser.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Page not found" in answer.text
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
async def test_a_client_that_prefers_json_gets_a_problem_document(
    browser: Browser, accept: str
) -> None:
    answer = await browser.get("/nowhere", headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "It may have been deleted, or there's a typo in the address.",
        "error": "not found",
        "message": "It may have been deleted, or there's a typo in the address.",
    }


async def test_the_answer_varies_by_what_is_accepted(browser: Browser) -> None:
    assert "Accept" in (await browser.get("/nowhere")).headers["vary"]


async def test_a_wrong_method_is_405_and_names_the_right_ones(browser: Browser) -> None:
    answer = await browser.delete("/")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "address",
    [
        "/user/%00",
        "/user/%FF",
        "/user/%C3%28",
        "/?page=%00",
        "/?page=%FF",
        "/?page=0",
        "/?page=-1",
        "/?page=1e3",
        "/?page=१",
        "/?page=" + "9" * 5000,
        "/?page=99999999999999999999",
        "/post/0",
        "/post/-1",
        "/post/1.5",
        "/post/9223372036854775808",
        "/post/" + "9" * 5000,
        "/post/1%00",
        "/auth/confirm/%00",
        "/auth/login?next=%FF",
    ],
)
async def test_a_malformed_address_is_400_or_404(susans_browser: Browser, address: str) -> None:
    assert (await susans_browser.get(address)).status_code in {400, 404}


async def test_a_page_past_the_end_is_empty_and_leads_back(browser: Browser) -> None:
    answer = await browser.get("/?page=9999999999")
    assert answer.status_code == 200
    assert '<a href="/">Back to the latest posts</a>' in answer.text


@pytest.mark.parametrize(
    "body", [b"body=%FF", b"body=\xff", b"body=a%00b", b"&".join([b"a=1"] * 101)]
)
async def test_a_malformed_form_is_400(susans_browser: Browser, body: bytes) -> None:
    token = (await susans_browser.token("/")).encode()
    answer = await susans_browser.post(
        "/",
        content=body + b"&csrf_token=" + token,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


async def test_a_nul_in_a_multipart_form_is_400(susans_browser: Browser) -> None:
    token = await susans_browser.token("/")
    answer = await susans_browser.post(
        "/", files={"body": (None, "a\0b"), "csrf_token": (None, token)}
    )
    assert answer.status_code == 400


async def test_more_than_a_mebibyte_is_413(susans_browser: Browser) -> None:
    answer = await susans_browser.submit("/", {"body": "x" * 1024 * 1024})
    assert answer.status_code == 413
    assert "1 MiB" in answer.text


async def test_an_unexpected_error_is_a_500_without_details(
    app: Broadside,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(app.view_functions, "site.home", lambda: 1 / 0)
    answer = await browser.get("/")
    assert answer.status_code == 500
    assert "division" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    # Lets the operator find the error in the log.
    identifier = answer.headers["x-request-id"]
    assert f"<code>{identifier}</code>" in answer.text
    document = await browser.get("/", headers={"Accept": "application/json"})
    assert document.json()["request_id"] == document.headers["x-request-id"]


async def test_an_error_after_the_view_is_logged_by_its_route_too(
    app: Broadside,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_response: object) -> None:
        raise RuntimeError("after the view")

    monkeypatch.setitem(app.after_request_funcs, "registration", [fail])
    assert (await browser.get("/auth/confirm/secret-token")).status_code == 500
    assert "unexpected error in GET /auth/confirm/<token>" in caplog.text
    assert "RuntimeError: after the view" in caplog.text
    assert "secret-token" not in caplog.text.replace("HTTP Request", "")


async def test_every_page_forbids_scripts_from_elsewhere(browser: Browser) -> None:
    for address in ("/", "/nowhere", "/auth/login", "/static/css/site.css"):
        headers = (await browser.get(address)).headers
        assert "default-src 'none'" in headers["content-security-policy"], address
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
