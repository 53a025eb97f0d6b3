"""Logging in with OpenID Connect, at a small issuer on this machine."""

import asyncio
import hashlib
import hmac
import html
import re
import time
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address, ip_address
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from quart import json
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.accounts.openid.flow import SECONDS
from blog.accounts.openid.issuers import Issuers
from blog.accounts.openid.service import MOST_LOGINS
from blog.core.site_settings.values import Registration
from blog.core.web import fetching
from blog.core.web.app import Broadside
from blog.core.web.rate_limits import RateLimits
from blog.models import Application, OpenIDLogin, Passkey, User
from settings import OpenIDProvider, Settings
from tests.accounts.clock import age_sessions, later
from tests.accounts.second_factors import SECOND_STEP, add_phone
from tests.accounts.soft_passkey import encoded
from tests.conftest import RunningApp
from tests.media.test_imports import OtherSite, listening
from tests.support import PASSWORD, Browser, add_user, change_site, link_in, outbox

HERE = IPv4Address("127.0.0.1")
HOST = "photos.example"
START, CALLBACK = "/auth/openid/example/start", "/auth/openid/example/callback"
CONFIRM, ASKING = "/auth/confirm-identity", "/auth/two-factor/app"
SUSAN = {"sub": "4711", "email": "susan@example.com", "email_verified": True}


class Issuer:
    """An issuer, which says what a test wants."""

    def __init__(self, site: OtherSite, host: str = HOST) -> None:
        self.site = site
        self.key = ECKey.generate_key("P-256", {"kid": "1", "use": "sig", "alg": "ES256"})
        self.url = f"http://{host}:{site.port}"
        self.provider = OpenIDProvider.model_construct(
            key="example", name="Example", issuer=self.url, client_id="us",
            client_secret=SecretStr("secret"),
        )  # fmt: skip
        self.describe()
        self.publish(self.key)

    def describe(self, **changes: object) -> None:
        described = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        content = json.dumps(described | changes).encode()
        self.site.has("/.well-known/openid-configuration", content)

    def publish(self, key: ECKey) -> None:
        keys = KeySet([key]).as_dict(private=False)
        self.site.has("/keys", json.dumps(keys).encode())

    def says(
        self, nonce: str, claims: dict[str, Any], *, key: ECKey | None = None, **answer: str
    ) -> None:
        """Answer the next code with an ID token, and with more."""
        now = int(time.time())
        whole = {"iss": self.url, "aud": "us", "iat": now, "exp": now + 300, "nonce": nonce}
        header = {"alg": "ES256", "kid": "1"}
        token = jwt.encode(header, whole | claims, key or self.key)
        self.site.has("/token", json.dumps({"id_token": token} | answer).encode())


@pytest.fixture(scope="module")
async def other_site() -> AsyncIterator[OtherSite]:
    """What listens on this machine."""
    async with listening(OtherSite()) as site:
        yield site


@pytest.fixture
def issuer(other_site: OtherSite, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """An issuer on this machine, as if that were public."""

    async def resolved(host: str, port: int) -> list[object]:
        return [HERE if host == HOST else ip_address(host)]

    monkeypatch.setattr(fetching, "resolve", resolved)
    monkeypatch.setattr(fetching, "is_public", lambda address: address == HERE)
    monkeypatch.setitem(fetching.PORTS, "http", other_site.port)
    other_site.pause = 0.0
    other_site.answers.clear()
    return Issuer(other_site)


@pytest.fixture(scope="module")
async def started_app(
    running_app: RunningApp, make_settings: Callable[..., Settings], other_site: OtherSite
) -> AsyncIterator[Broadside]:
    """An application whose people log in there."""
    made = create_app(make_settings(openid_providers=(Issuer(other_site).provider,)))
    made.passwords = running_app.app.passwords
    async with made.test_app():
        yield made


@pytest.fixture
async def site(app: Broadside, started_app: Broadside, issuer: Issuer) -> Broadside:
    """That application, on a site without people; it has heard of no issuer yet."""
    started_app.rate_limits = RateLimits(started_app.database)
    started_app.site_settings.apply(started_app.site_settings.defaults)
    started_app.extensions["openid"] = Issuers((issuer.provider,), "Broadside")
    return started_app


@pytest.fixture
async def browser(site: Broadside) -> AsyncIterator[Browser]:
    async with Browser(site) as visitor:
        yield visitor


async def asked(browser: Browser, start: str = START) -> dict[str, str]:
    """What the issuer is asked."""
    answer = await browser.get(start)
    assert answer.status_code == 302, answer.text
    address = urlsplit(answer.headers["location"])
    assert address.hostname == HOST, answer.headers["location"]
    return dict(parse_qsl(address.query))


async def come_back(browser: Browser, question: dict[str, str], **values: str) -> httpx.Response:
    parameters = {"code": "the code", "state": question["state"]} | values
    return await browser.get(CALLBACK, params=parameters)


async def arrive(
    browser: Browser, issuer: Issuer, start: str = START, **claims: Any
) -> httpx.Response:
    """Log in at the issuer, and come back."""
    question = await asked(browser, start)
    issuer.says(question["nonce"], SUSAN | claims)
    return await come_back(browser, question)


async def connecting(browser: Browser) -> str:
    """Where the button leads that connects an account."""
    page = await browser.get("/auth/openid")
    found = re.search(r'href="(/auth/openid/example/connect[^"]*)"', page.text)
    assert found, page.text
    return found[1]


async def signing_up(browser: Browser, link: str) -> str:
    """Where the button leads that signs up with the issuer, on the page of an invitation."""
    page = await browser.get(link)
    found = re.search(r'href="(/auth/openid/example/start[^"]*)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


async def is_logged_in(browser: Browser) -> bool:
    return (await browser.get("/auth/sessions")).status_code == 200


async def told(browser: Browser) -> str:
    """The page that a refusal leads to."""
    return (await browser.get("/auth/login")).text


async def test_a_new_person_chooses_a_username_and_is_logged_in_from_then_on(
    site: Broadside, browser: Browser, issuer: Issuer, db: AsyncSession
) -> None:
    assert "Log in with Example" in (await browser.get("/auth/login")).text
    question = await asked(browser, f"{START}?next=/explore")
    assert question["scope"] == "openid email profile"
    assert question["code_challenge_method"] == "S256"
    assert question["redirect_uri"] == f"https://blog.test{CALLBACK}"
    issuer.says(question["nonce"], SUSAN | {"preferred_username": "susan"})
    answer = await come_back(browser, question)
    assert answer.headers["location"] == "/auth/openid/register"
    sent = issuer.site.asked[-2]
    assert b"Authorization: Basic dXM6c2VjcmV0" in sent
    (verifier,) = parse_qs(sent.partition(b"\r\n\r\n")[2])[b"code_verifier"]
    assert encoded(hashlib.sha256(verifier).digest()) == question["code_challenge"]
    page = await browser.get("/auth/openid/register")
    assert 'value="susan"' in page.text
    refused = await browser.submit("/auth/openid/register", {"username": "admin"})
    assert refused.status_code == 422
    done = await browser.submit("/auth/openid/register", {"username": "susan"})
    assert done.headers["location"] == "/explore"
    assert await is_logged_in(browser)
    user = (await db.scalars(select(User))).one()
    assert (user.email, user.is_confirmed) == ("susan@example.com", True)
    for asking in ("/auth/confirm-identity", "/auth/change-password"):
        assert "signed up with Example, you don’t have one yet" in (await browser.get(asking)).text
    async with Browser(site) as again:
        assert (await arrive(again, issuer)).headers["location"] == "/"
        assert await is_logged_in(again)


@pytest.mark.parametrize(
    ("subject", "is_verified", "is_taken"),
    [("4711", True, True), ("another", True, False), ("4711", False, False)],
)
async def test_an_issuer_that_keeps_the_address_out_of_the_token_is_asked_for_it(
    browser: Browser, issuer: Issuer, *, subject: str, is_verified: bool, is_taken: bool
) -> None:
    issuer.describe(userinfo_endpoint=f"{issuer.url}/person")
    said = {"sub": subject, "email": "susan@example.com", "email_verified": is_verified}
    issuer.site.has("/person", json.dumps(said).encode())
    question = await asked(browser)
    issuer.says(question["nonce"], {"sub": "4711"}, access_token="abc")
    answer = await come_back(browser, question)
    assert b"Authorization: Bearer abc" in issuer.site.asked[-1]
    expected = "/auth/openid/register" if is_taken else "/auth/login"
    assert answer.headers["location"] == expected


async def test_an_account_with_the_same_address_is_connected_by_its_password_once(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User
) -> None:
    answer = await arrive(browser, issuer)
    assert answer.headers["location"] == "/auth/openid/link"
    wrong = await browser.submit("/auth/openid/link", {"password": "not the password"})
    assert wrong.status_code == 422
    assert not await is_logged_in(browser)
    assert (await browser.submit("/auth/openid/link", {"password": PASSWORD})).status_code == 302
    assert await is_logged_in(browser)
    assert "is now connected" in (await outbox(site))[-1].text
    # It is the subject that counts, whatever the address has become.
    async with Browser(site) as again:
        await arrive(again, issuer, email="new@example.com", email_verified=False)
        assert await is_logged_in(again)


async def test_a_user_connects_and_disconnects_an_account(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User, db: AsyncSession
) -> None:
    await browser.open_session("susan")
    link = await connecting(browser)
    answer = await arrive(browser, issuer, link, email="other@example.com")
    assert answer.headers["location"] == "/auth/openid"
    assert "Disconnect" in (await browser.get("/auth/openid")).text
    await add_user(site, "bob")
    async with Browser(site) as bobs:
        await bobs.open_session("bob")
        await arrive(bobs, issuer, await connecting(bobs))
        assert "already connected to another" in (await bobs.get("/auth/openid")).text
    key = await db.scalar(select(OpenIDLogin.id))
    await browser.submit(f"/auth/openid/{key}/remove", page="/auth/openid")
    mails = [(mail.purpose, mail.recipient) for mail in await outbox(site)]
    assert mails[-1] == ("openid_disconnected", susan.email)
    assert await db.scalar(select(func.count(OpenIDLogin.id))) == 0


async def test_a_user_connects_no_more_accounts_than_the_maximum(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User, db: AsyncSession
) -> None:
    db.add_all(
        OpenIDLogin(user_id=susan.id, issuer="x", subject=str(n)) for n in range(MOST_LOGINS)
    )
    await db.commit()
    await browser.open_session("susan")
    await arrive(browser, issuer, await connecting(browser))
    assert "Disconnect one first" in (await browser.get("/auth/openid")).text
    assert await db.scalar(select(func.count(OpenIDLogin.id))) == MOST_LOGINS


async def test_another_site_does_not_begin_to_connect_an_account(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User
) -> None:
    await browser.open_session("susan")
    await add_user(site, "bob")
    async with Browser(site) as bobs:
        await bobs.open_session("bob")
        of_bob = await connecting(bobs)
    for address in ("/auth/openid/example/connect", of_bob):
        assert (await browser.get(address)).headers["location"] == "/auth/openid"


async def test_a_second_factor_is_asked_for_here_as_well(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User, db: AsyncSession
) -> None:
    phone = await add_phone(site, susan)
    await arrive(browser, issuer, f"{START}?next=/explore")
    answer = await browser.submit("/auth/openid/link", {"password": PASSWORD})
    assert answer.headers["location"] == f"{SECOND_STEP}?next=/auth/openid"
    assert not await is_logged_in(browser)
    assert await db.scalar(select(func.count(OpenIDLogin.id))) == 0, "the password proves nothing"
    answer = await browser.submit(answer.headers["location"], {"code": phone.code()})
    assert answer.headers["location"] == "/auth/openid"
    await arrive(browser, issuer, await connecting(browser))
    async with Browser(site) as other:
        answer = await arrive(other, issuer, f"{START}?next=/explore")
        assert answer.headers["location"] == f"{SECOND_STEP}?next=/explore"
        assert not await is_logged_in(other)


async def test_a_reset_by_mail_tells_what_else_logs_in_and_offers_to_disconnect_it(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User, db: AsyncSession
) -> None:
    await browser.open_session("susan")
    await arrive(browser, issuer, await connecting(browser))
    db.add(Passkey(user_id=susan.id, name="Phone", credential_id=b"1", public_key=b"", sign_count=0,
                   is_synced=True, transports=[]))  # fmt: skip
    await db.commit()
    says = "1 passkey and Example can still log in to your account."
    for chosen, told_of in (({}, says), ({"disconnect": "true"}, says.replace(" and Example", ""))):
        async with Browser(site) as visitor:
            await visitor.submit("/auth/reset", {"email": "susan@example.com"})
            link = link_in((await outbox(site))[-1])
            page = await visitor.get(link)
            assert "Disconnect Example" in page.text
            assert "Your passkeys stay" in page.text
            new = f"another horse battery {len(chosen)}"
            form = {"password": new, "password2": new, **chosen}
            await visitor.submit(link, {**form, "password2": "x"})
            assert (await visitor.submit(link, form)).status_code == 302
            assert f"{told_of} If one" in await told(visitor)
            mail = (await outbox(site))[-1]
            assert told_of in mail.text
            assert told_of in mail.html
    assert await db.scalar(select(func.count(OpenIDLogin.id))) == 0
    assert await db.scalar(select(func.count(Passkey.id))) == 1, "it is a second factor"


async def confirming(browser: Browser, page: str) -> str:
    """Where the button leads that confirms who one is, on the page that asks."""
    found = re.search(r'href="(/auth/openid/example/confirm[^"]*)"', (await browser.get(page)).text)
    assert found, page
    return html.unescape(found[1])


@pytest.fixture
async def susans(
    browser: Browser, issuer: Issuer, susan: User, db: AsyncSession
) -> AsyncIterator[Browser]:
    """The browser of susan, who has logged in with the issuer a while ago."""
    await browser.open_session("susan")
    await arrive(browser, issuer, await connecting(browser))
    await age_sessions(db, minutes=16)
    yield browser


async def test_who_has_no_password_confirms_who_they_are_at_the_issuer(
    site: Broadside, susans: Browser, issuer: Issuer
) -> None:
    asking = (await susans.get(ASKING)).headers["location"]
    assert asking == f"{CONFIRM}?next={ASKING}"
    before = dict(susans.cookies)
    question = await asked(susans, await confirming(susans, asking))
    assert (question["prompt"], question["max_age"]) == ("login", "0")
    issuer.says(question["nonce"], SUSAN | {"auth_time": int(time.time())})
    answer = await come_back(susans, question)
    assert answer.headers["location"] == ASKING
    assert (await susans.get(ASKING)).status_code == 200
    assert dict(susans.cookies) != before, "the session has a new token"
    async with Browser(site) as other:
        assert not {"prompt", "max_age"} & (await asked(other)).keys(), "a login asks for neither"


async def test_what_was_typed_stays_in_its_tab_while_another_one_confirms(
    susans: Browser, issuer: Issuer
) -> None:
    action = "/auth/two-factor/recovery-codes"
    sent = await susans.submit(action, {"name": "x"}, page="/auth/openid")
    assert (sent.status_code, 'target="_blank"' in sent.text) == (403, True)
    assert 'name="elsewhere"' in sent.text
    carried = {"draft_to": action, "draft.name": "Typed", "elsewhere": "1"}
    assert (await susans.submit(CONFIRM, carried)).status_code == 422, "nothing is confirmed yet"
    question = await asked(susans, "/auth/openid/example/confirm")
    issuer.says(question["nonce"], SUSAN | {"auth_time": int(time.time())})
    assert (await come_back(susans, question)).headers["location"] == "/auth/sessions"
    answer = await susans.submit(CONFIRM, carried)
    assert (answer.status_code, "Typed" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("claims", "logged_in_ago", "message"),
    [
        ({}, None, "asked you to log in again"),
        ({"auth_time": "now"}, None, "asked you to log in again"),
        ({}, 3600, "asked you to log in again"),
        ({}, -7200, "asked you to log in again"),
        ({"sub": "of another account"}, 0, "the account that&#39;s connected here"),
    ],
)
async def test_an_issuer_that_asks_nobody_or_someone_else_confirms_nothing(
    susans: Browser, issuer: Issuer, claims: dict[str, Any], logged_in_ago: int | None, message: str
) -> None:
    if logged_in_ago is not None:
        claims = claims | {"auth_time": time.time() - logged_in_ago}
    answer = await arrive(susans, issuer, "/auth/openid/example/confirm", **claims)
    assert answer.headers["location"] == f"{CONFIRM}?next=/auth/sessions"
    assert message in (await susans.get(CONFIRM)).text
    assert (await susans.get(ASKING)).is_redirect


async def test_an_answer_confirms_the_session_that_asked_and_no_other(
    site: Broadside, susans: Browser, issuer: Issuer, susan: User, db: AsyncSession
) -> None:
    fresh = SUSAN | {"auth_time": int(time.time())}
    question = await asked(susans, "/auth/openid/example/confirm")
    await susans.open_session("susan")
    await age_sessions(db, minutes=16)
    issuer.says(question["nonce"], fresh)
    assert (await come_back(susans, question)).headers["location"].startswith(CONFIRM)
    assert (await susans.get(ASKING)).is_redirect
    # Another site begins nothing.
    crossed = await susans.get(
        "/auth/openid/example/confirm", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert crossed.headers["location"].startswith(CONFIRM)
    # The issuer is one factor only.
    await add_phone(site, susan)
    assert "/auth/openid/example/confirm" not in (await susans.get(CONFIRM)).text
    answer = await susans.get("/auth/openid/example/confirm")
    assert answer.headers["location"].startswith(CONFIRM)


@pytest.mark.parametrize(
    ("logged_in_ago", "is_proof"),
    [(None, False), (3600, False), (-7200, False), (60, True)],
    ids=["not said", "an hour ago", "in the future", "just now"],
)
async def test_a_login_proves_who_is_there_only_if_the_issuer_has_just_asked_them(
    site: Broadside, susans: Browser, issuer: Issuer, logged_in_ago: int | None, is_proof: bool
) -> None:
    """Who finds the browser open could log out here, and in again without a password."""
    claims = {} if logged_in_ago is None else {"auth_time": time.time() - logged_in_ago}
    async with Browser(site) as found:
        await arrive(found, issuer, **claims)
        assert await is_logged_in(found)
        assert (await found.get(ASKING)).is_redirect is not is_proof


FORMS: dict[str, dict[str, str]] = {
    "/auth/delete-account": {},
    "/auth/change_email": {"email": "new@example.com"},
    "/auth/tokens": {"name": "backup", "read": "true", "life": "1 day"},
}


@pytest.mark.parametrize("page", FORMS)
async def test_forms_that_ask_for_the_password_take_the_confirmation_at_the_issuer(
    site: Broadside, susans: Browser, issuer: Issuer, db: AsyncSession, page: str
) -> None:
    ways = re.findall(r'href="(/auth/confirm-identity[^"]*)"', (await susans.get(page)).text)
    assert (await susans.submit(page, FORMS[page])).status_code == 422
    before = len(await outbox(site))
    (way,) = ways
    fresh = {"auth_time": int(time.time())}
    answer = await arrive(susans, issuer, await confirming(susans, way), **fresh)
    assert answer.headers["location"] == page
    assert 'type="password"' not in (await susans.get(page)).text
    wrong = {"password": "not the password"}
    assert (await susans.submit(page, FORMS[page] | wrong)).status_code == 422, "it is checked"
    assert (await susans.submit(page, FORMS[page])).status_code in {201, 302}
    assert len(await outbox(site)) == before + 1
    await age_sessions(db, minutes=16)
    assert (await susans.submit(page, FORMS[page])).status_code == 422


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"email_verified": False}, "hasn&#39;t verified your email"),
        ({"email": "no address"}, "hasn&#39;t verified your email"),
        ({"aud": "another site"}, "isn&#39;t valid"),
        ({"aud": ["us", "another site"]}, "isn&#39;t valid"),
        ({"iss": "http://evil.example"}, "isn&#39;t valid"),
        ({"nonce": "of another login"}, "isn&#39;t valid"),
        ({"exp": 1}, "isn&#39;t valid"),
        ({"sub": ""}, "isn&#39;t valid"),
        ({"sub": "a\0b"}, "isn&#39;t valid"),
    ],
    ids=str,
)
async def test_what_an_issuer_says_wrongly_lets_nobody_in(
    browser: Browser, issuer: Issuer, susan: User, claims: dict[str, Any], message: str
) -> None:
    answer = await arrive(browser, issuer, **claims)
    assert answer.headers["location"] == "/auth/login"
    assert message in await told(browser)
    assert not await is_logged_in(browser)


async def test_another_key_is_refused_until_the_issuer_has_published_it(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(browser, issuer)  # The keys are kept from now on.
    other = ECKey.generate_key("P-256", {"kid": "1", "use": "sig", "alg": "ES256"})
    question = await asked(browser)
    issuer.says(question["nonce"], SUSAN, key=other)
    assert (await come_back(browser, question)).headers["location"] == "/auth/login"
    monkeypatch.setattr("blog.accounts.openid.issuers.KEYS_CACHE_SECONDS", 0.0)
    issuer.publish(other)
    question = await asked(browser)
    issuer.says(question["nonce"], SUSAN, key=other)
    assert (await come_back(browser, question)).headers["location"] == "/auth/openid/link"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_a_token_that_needs_no_key_of_the_issuer_is_refused(
    browser: Browser, issuer: Issuer, susan: User, algorithm: str
) -> None:
    question = await asked(browser)
    issuer.says(question["nonce"], SUSAN)
    answer = json.loads(issuer.site.answers["/token"].partition(b"\r\n\r\n")[2])
    _, claims, _ = answer["id_token"].split(".")
    begun = encoded(json.dumps({"alg": algorithm, "kid": "1"}).encode()) + "." + claims
    # What everyone knows is the public key.
    public = json.dumps(issuer.key.as_dict(private=False)).encode()
    signed = encoded(hmac.digest(public, begun.encode(), "sha256"))
    forged = f"{begun}.{signed if algorithm == 'HS256' else ''}"
    issuer.site.has("/token", json.dumps({"id_token": forged}).encode())
    await come_back(browser, question)
    assert "isn&#39;t valid" in await told(browser)
    assert not await is_logged_in(browser)


@pytest.mark.parametrize("fault", ["state", "issuer", "replay", "browser", "late", "refused"])
async def test_an_answer_counts_once_in_the_browser_that_asked(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User, fault: str
) -> None:
    question = await asked(browser)
    issuer.says(question["nonce"], SUSAN)
    if fault == "state":
        answer = await come_back(browser, question, state="another")
    elif fault == "issuer":
        answer = await come_back(browser, question, iss="http://evil.example")
    elif fault == "refused":
        answer = await come_back(browser, question, code="", error="access_denied")
    elif fault == "late":
        with later(seconds=SECONDS + 1):
            answer = await come_back(browser, question)
    elif fault == "browser":
        async with Browser(site) as other:
            answer = await come_back(other, question)
    else:
        await come_back(browser, question)
        answer = await come_back(browser, question)
    assert answer.headers["location"] == "/auth/login"
    assert not await is_logged_in(browser)


async def test_an_issuer_that_leads_to_internal_addresses_is_not_followed(
    browser: Browser, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    address = f"http://169.254.169.254:{issuer.site.port}/latest"
    issuer.site.has(
        "/.well-known/openid-configuration", b"", f"Location: {address}", status="302 Found"
    )
    answer = await browser.get(START)
    assert answer.headers["location"] == "/auth/login"
    assert "Example can&#39;t be reached" in await told(browser)
    assert "isn't on the public internet" in caplog.text


async def test_an_issuer_of_the_own_network_is_asked_only_if_the_settings_say_so(
    app: Broadside, started_app: Broadside, other_site: OtherSite, caplog: pytest.LogCaptureFixture
) -> None:
    other_site.pause = 0.0
    other_site.answers.clear()
    issuer = Issuer(other_site, host="127.0.0.1")
    public = OpenIDProvider.model_construct(**dict(issuer.provider))
    internal = OpenIDProvider(**dict(issuer.provider) | {"internal": True})
    async with Browser(started_app) as browser:
        started_app.extensions["openid"] = Issuers((public,), "Broadside")
        assert (await browser.get(START)).headers["location"] == "/auth/login"
        assert "Please enter a URL" in caplog.text
        caplog.clear()
        started_app.extensions["openid"] = Issuers((internal,), "Broadside")
        answer = await browser.get(START)
        assert answer.headers["location"].startswith(f"{issuer.url}/authorize?")
        started_app.extensions["openid"] = Issuers((internal,), "Broadside")
        elsewhere = f"Location: http://localhost:{other_site.port}/latest"
        other_site.has("/.well-known/openid-configuration", b"", elsewhere, status="302 Found")
        assert (await browser.get(START)).headers["location"] == "/auth/login"
        assert "Please enter a URL" in caplog.text, "another host has no such right"


@pytest.mark.parametrize("fault", ["slow", "down", "nonsense", "another issuer", "large"])
async def test_an_issuer_that_does_not_answer_as_it_should_is_named(
    browser: Browser, issuer: Issuer, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "slow":
        monkeypatch.setattr(fetching, "SECONDS", 0.2)
        issuer.site.pause = 1.0
    elif fault == "another issuer":
        issuer.describe(issuer="http://evil.example")
    else:
        content = {"down": b"", "nonsense": b"[" * 50_000, "large": b" " * 300_000}[fault]
        status = "503 Busy" if fault == "down" else "200 OK"
        issuer.site.has("/.well-known/openid-configuration", content, status=status)
    answer = await browser.get(START)
    assert answer.headers["location"] == "/auth/login"
    assert "Example can&#39;t be reached" in await told(browser)


@pytest.mark.parametrize("mode", [Registration.CLOSED, Registration.INVITATION])
async def test_a_closed_gate_takes_nobody_who_is_new(
    site: Broadside, browser: Browser, issuer: Issuer, db: AsyncSession, mode: Registration
) -> None:
    await arrive(browser, issuer)
    await change_site(site, registration=mode)
    late = await browser.submit("/auth/openid/register", {"username": "susan"})
    async with Browser(site) as another:
        for answer in (late, await arrive(another, issuer)):
            assert answer.status_code == 403
            assert "Sign-up is closed" in answer.text
    assert await db.scalar(select(func.count(User.id))) == 0


async def test_someone_invited_signs_up_with_another_service(
    site: Broadside, browser: Browser, issuer: Issuer, susan: User, db: AsyncSession
) -> None:
    links = []
    await browser.open_session("susan")
    for _ in range(2):
        await browser.submit("/invitations", {"note": "David"}, page="/invitations")
        found = re.findall(
            r"/auth/register\?invitation=[\w.-]+", (await browser.get("/invitations")).text
        )
        links.append(found[0])
    await change_site(site, registration=Registration.INVITATION)
    claims = {"sub": "4712", "email": "david@example.com"}
    async with Browser(site) as davids:
        start = await signing_up(davids, links[0])
        assert (await arrive(davids, issuer, start, **claims)).status_code == 302
        page = (await davids.get("/auth/openid/register")).text
        assert "You were invited" in page
        await davids.submit("/auth/openid/register", {"username": "david"})
        assert await is_logged_in(davids)
    david = (await db.scalars(select(User).where(User.username == "david"))).one()
    assert (david.invited_by_id, david.is_confirmed) == (susan.id, True)
    async with Browser(site) as others:
        assert (await others.get(links[0])).status_code == 403
        start = START + "?" + urlsplit(links[0]).query
        assert (
            await arrive(others, issuer, start, sub="4713", email="a@b.example")
        ).status_code == 403
    await change_site(site, registration=Registration.APPROVAL)
    async with Browser(site) as others:
        start = await signing_up(others, links[0])
        assert "invitation" not in start, "a used invitation spares nobody the application"
        start = await signing_up(others, links[1])
        await arrive(others, issuer, start, sub="4713", email="mary@example.com")
        assert "Why would you like" not in (await others.get("/auth/openid/register")).text
        await others.submit("/auth/openid/register", {"username": "mary"})
    mary = (await db.scalars(select(User).where(User.username == "mary"))).one()
    assert (mary.awaits_approval, mary.is_confirmed) == (False, True)


async def test_a_form_that_is_sent_twice_makes_one_account(
    site: Broadside, browser: Browser, issuer: Issuer, db: AsyncSession
) -> None:
    await arrive(browser, issuer)
    page = "/auth/openid/register"
    await browser.get(page)
    forms = [browser.submit(page, {"username": "susan"}, page=page) for _ in range(2)]
    assert [each.status_code for each in await asyncio.gather(*forms)] == [302, 302]
    # The same account, whose address has changed there meanwhile.
    async with Browser(site) as old:
        await arrive(old, issuer, sub="4712", email="old@example.com")
        async with Browser(site) as new:
            await arrive(new, issuer, sub="4712", email="new@example.com")
            await new.submit(page, {"username": "new"})
        await old.submit(page, {"username": "old"})
        assert await is_logged_in(old)
    names = await db.scalars(select(User.username).order_by(User.id))
    assert names.all() == ["susan", "new"]


async def test_another_site_cannot_log_anyone_in(browser: Browser, issuer: Issuer) -> None:
    asked_before = len(issuer.site.asked)
    answer = await browser.get(START, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.headers["location"] == "/auth/login"
    assert len(issuer.site.asked) == asked_before


async def test_where_administrators_decide_a_new_account_waits_for_them(
    site: Broadside, browser: Browser, issuer: Issuer, db: AsyncSession
) -> None:
    await change_site(site, registration=Registration.APPROVAL)
    await arrive(browser, issuer)
    form = {"username": "susan", "application": "I write about trams."}
    answer = await browser.submit("/auth/openid/register", form)
    assert answer.headers["location"] == "/auth/unconfirmed"
    user = (await db.scalars(select(User))).one()
    assert (user.awaits_approval, user.is_confirmed) == (True, False)
    assert await db.scalar(select(Application.text)) == "I write about trams."
