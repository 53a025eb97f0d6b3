"""The signed cookie that a browser keeps."""

from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from blog.core.web.app import Broadside
from tests.support import Browser


async def test_the_cookie_is_signed_with_sha_512_and_sha_1_is_still_accepted(
    app: Broadside, browser: Browser
) -> None:
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    form = await browser.get("/auth/login")
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = form.cookies[name]
    content, _, signature = cookie.rpartition(".")
    assert len(signature) == 86, "512 bits in base64"

    quarts = Quart("old")
    quarts.secret_key = app.secret_key
    old_signer = SecureCookieSessionInterface().get_signing_serializer(quarts)
    assert old_signer is not None
    old = str(old_signer.dumps(signer.loads(cookie)))
    assert len(old.rpartition(".")[2]) == 27, "160 bits"
    browser.cookies.clear()
    browser.cookies.set(name, old, domain="blog.test")
    again = await browser.get("/auth/login")
    assert name not in again.cookies, "the form's secret is still there"

    browser.cookies.set(name, f"{content}.{'A' * 27}", domain="blog.test")
    assert name in (await browser.get("/auth/login")).cookies, "a forged one is not taken"
