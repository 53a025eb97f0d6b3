"""The gate: every way to make an account, in every mode; approval, invitations and robots."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.invitations.links import invitation_link
from blog.accounts.registration.gate import Gate, GateClosedError, Newcomer, enter
from blog.accounts.registration.robots import FEWEST_SECONDS
from blog.accounts.registration.service import role_for
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Application, AuditEntry, Invitation, User
from tests.api.support import Client
from tests.support import PASSWORD, Browser, change_site, link_in, outbox
from tests.web.test_unsent_forms import Forms

MakeUser = Callable[..., Awaitable[User]]
ANN = {"email": "ann@example.com", "username": "ann", "password": PASSWORD}
REGISTER = "/auth/register"


@pytest.fixture
async def administrator(app: Broadside, make_user: MakeUser) -> AsyncIterator[Browser]:
    """An administrator's browser."""
    await make_user("root", role="Administrator")
    async with Browser(app) as visitor:
        await visitor.open_session("root")
        yield visitor


async def invite(app: Broadside, inviter: User, **values: Any) -> tuple[Invitation, str]:
    """An invitation, and the token of its link."""
    async with app.database.session() as session:
        invitation = Invitation(
            **{"inviter_id": inviter.id, "expires_at": now() + timedelta(days=1)} | values
        )
        session.add(invitation)
        await session.commit()
    async with app.app_context():
        return invitation, invitation_link(app.links, invitation.id).partition("invitation=")[2]


async def by_page(app: Broadside, token: str = "") -> int:
    async with Browser(app) as visitor:
        form = ANN | {"password2": PASSWORD, "invitation": token, "application": "I like trams"}
        answer = await visitor.submit(REGISTER, form, page="/auth/login")
        return answer.status_code


async def by_api(app: Broadside, token: str = "") -> int:
    async with Client(app) as client:
        answer = await client.post("/users/", json=ANN | {"invitation": token})
        return answer.status_code


async def by_other_service(app: Broadside, token: str = "") -> int:
    """As a log-in by another service makes an account, with an address that it vouches for."""
    newcomer = Newcomer(ANN["email"], ANN["username"], invitation=token, has_proved_address=True)
    gate = Gate(app.site_settings.defaults, app.links)
    async with app.app_context(), app.database.session() as session:
        role = await role_for(session, newcomer.email, [])
        try:
            await enter(session, newcomer, gate, role, password_hash="")
        except GateClosedError:
            return 403
        await session.commit()
        return 201


WAYS = {"page": (by_page, 302), "API": (by_api, 201), "other service": (by_other_service, 201)}
IN, WAITS, OUT = "in", "waits", "out"
# What becomes of somebody without an invitation, and with one.
MODES = {
    "open": (IN, IN), "approval": (WAITS, IN), "invitation": (OUT, IN), "closed": (OUT, OUT),
}  # fmt: skip


@pytest.mark.parametrize("has_invitation", [False, True], ids=["uninvited", "invited"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
async def test_every_way_to_make_an_account_goes_through_the_gate(
    app: Broadside, db: AsyncSession, susan: User, way: str, mode: str, *, has_invitation: bool
) -> None:
    _, token = await invite(app, susan)
    await change_site(app, registration=mode)
    make, success = WAYS[way]
    expected = MODES[mode][has_invitation]
    status = await make(app, token if has_invitation else "")
    assert status == (403 if expected == OUT else success)
    user = await db.scalar(select(User).where(User.username == "ann"))
    assert (user is None) == (expected == OUT)
    if user is not None:
        assert user.awaits_approval == (expected == WAITS)
        assert user.invited_by_id == (susan.id if has_invitation else None)
        is_proved = way == "other service"
        assert user.is_confirmed == (is_proved and expected == IN)
        application = await db.get(Application, user.id)
        assert (application is not None) == (expected == WAITS)
        if application is not None:
            assert (application.proved_at is not None) == is_proved


async def test_a_gate_that_was_closed_a_moment_ago_is_closed_in_a_process_that_does_not_know(
    app: Broadside, db: AsyncSession
) -> None:
    await change_site(app, registration="closed")
    app.site_settings.apply(app.site_settings.defaults)
    assert (await by_page(app), await by_api(app)) == (403, 403)
    assert await db.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("mode", ["closed", "invitation"])
async def test_the_page_says_that_nobody_can_sign_up(
    app: Broadside, browser: Browser, mode: str
) -> None:
    await change_site(app, registration=mode)
    answer = await browser.get(REGISTER)
    assert answer.status_code == 403 and "Sign-up is closed" in answer.text
    assert (REGISTER in (await browser.get("/")).text) == (mode == "invitation")


@pytest.mark.parametrize(
    "state", [{"revoked_at": now()}, {"used_at": now()}, {"expires_at": now() - timedelta(hours=1)}]
)
async def test_an_invitation_that_is_over_opens_nothing(
    app: Broadside, browser: Browser, susan: User, state: dict[str, Any]
) -> None:
    _, token = await invite(app, susan, **state)
    await change_site(app, registration="invitation")
    assert (await browser.get(f"{REGISTER}?invitation={token}")).status_code == 403
    assert await by_api(app, token) == await by_page(app, f"{token}x") == 403


async def test_an_invitation_of_somebody_who_was_disabled_opens_nothing(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    _, token = await invite(app, susan)
    await change_site(app, registration="invitation")
    await db.execute(update(User).values(disabled_at=now()))
    await db.commit()
    assert await by_api(app, token) == await by_page(app, token) == 403


async def test_an_invitation_lets_in_one_of_two_who_use_it_at_once(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    invitation, token = await invite(app, susan)
    await change_site(app, registration="invitation")

    async def register(name: str) -> httpx.Response:
        account = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        async with Client(app) as client:
            return await client.post("/users/", json=account | {"invitation": token})

    answers = await asyncio.gather(*map(register, ["ann", "bea"]))
    assert sorted(answer.status_code for answer in answers) == [201, 403]
    await db.refresh(invitation := await db.get_one(Invitation, invitation.id))
    assert invitation.invitee_id is not None


async def test_an_applicant_waits_until_an_administrator_lets_them_in(
    app: Broadside, browser: Browser, administrator: Browser, db: AsyncSession
) -> None:
    await change_site(app, registration="approval")
    form = ANN | {"password2": PASSWORD, "application": "I like <b>trams</b>"}
    await browser.submit(REGISTER, form)
    assert "Thanks for applying" in (await browser.get("/auth/unconfirmed")).text
    await browser.submit(link_in((await outbox(app))[0]))
    refused = await browser.submit("/", {"body": "Hello"})
    assert refused.status_code == 403, "the address is confirmed, but nobody has decided"
    page = (await administrator.get("/admin/applications")).text
    assert "I like &lt;b&gt;trams&lt;/b&gt;" in page and "Address confirmed" in page
    ann = (await db.scalars(select(User).where(User.username == "ann"))).one()
    address = f"/admin/applications/{ann.id}/approve"
    for _ in range(2):
        answer = await administrator.submit(address, page="/admin/settings")
        assert answer.status_code == 302
    assert (await browser.submit("/", {"body": "Hello"})).status_code == 302
    mails = [mail.purpose for mail in await outbox(app)]
    assert mails == ["confirm", "application_approved"]
    acts = (await db.scalars(select(AuditEntry.act).order_by(AuditEntry.id))).all()
    assert acts == ["change site settings", "approve application"]


async def test_an_address_that_is_not_confirmed_yet_is_confirmed_after_the_approval(
    app: Broadside, browser: Browser, administrator: Browser, db: AsyncSession
) -> None:
    await change_site(app, registration="approval")
    assert await by_api(app) == 201
    ann = (await db.scalars(select(User).where(User.username == "ann"))).one()
    await administrator.submit(f"/admin/applications/{ann.id}/approve", page="/admin/settings")
    await db.refresh(ann)
    assert (ann.awaits_approval, ann.is_confirmed) == (False, False)
    await browser.submit(link_in((await outbox(app))[-1]))
    await db.refresh(ann)
    assert ann.is_confirmed


@pytest.mark.parametrize("way", ["reset", "change"])
async def test_no_link_confirms_an_applicant(
    app: Broadside, browser: Browser, db: AsyncSession, way: str
) -> None:
    await change_site(app, registration="approval")
    await browser.submit(REGISTER, ANN | {"password2": PASSWORD})
    if way == "reset":
        await browser.post("/auth/logout", data={"csrf_token": await browser.token("/")})
        await browser.submit("/auth/reset", {"email": ANN["email"]})
        new = {"password": PASSWORD + "!", "password2": PASSWORD + "!"}
        await browser.submit(link_in((await outbox(app))[-1]), new)
    else:
        await browser.submit(
            "/auth/change_email", {"email": "new@example.com", "password": PASSWORD}
        )
        await browser.submit(link_in((await outbox(app))[-1]))
    ann = (await db.scalars(select(User).where(User.username == "ann"))).one()
    assert (ann.awaits_approval, ann.is_confirmed) == (True, False)
    application = await db.get_one(Application, ann.id)
    assert application.proved_at is not None


async def test_a_refused_applicant_is_told_why_and_can_apply_again(
    app: Broadside, administrator: Browser, db: AsyncSession
) -> None:
    await change_site(app, registration="approval")
    assert await by_page(app) == 302
    ann = (await db.scalars(select(User).where(User.username == "ann"))).one()
    address = f"/admin/applications/{ann.id}/refuse"
    answer = await administrator.submit(address, {"reason": "No room"})
    assert answer.status_code == 302
    mail = (await outbox(app))[-1]
    assert (mail.purpose, mail.recipient) == ("application_refused", "ann@example.com")
    assert "No room" in mail.text
    assert await by_page(app) == 302


async def test_an_applicant_who_deletes_their_account_no_longer_waits(
    app: Broadside, browser: Browser, administrator: Browser, db: AsyncSession
) -> None:
    await change_site(app, registration="approval")
    await browser.submit(REGISTER, ANN | {"password2": PASSWORD})
    ann = (await db.scalars(select(User).where(User.username == "ann"))).one()
    await browser.submit("/auth/delete-account", {"password": PASSWORD})
    await browser.submit(link_in((await outbox(app))[-1]))
    assert "/approve" not in (await administrator.get("/admin/applications")).text
    await administrator.submit(f"/admin/applications/{ann.id}/approve", page="/admin/settings")
    await db.refresh(ann)
    assert not ann.is_confirmed


async def test_somebody_makes_and_withdraws_as_many_invitations_as_the_site_allows(
    app: Broadside, susans_browser: Browser, browser: Browser
) -> None:
    await change_site(app, invitations_per_month=2, registration="invitation")
    form = {"note": "Cousin <b>", "submission": "1"}
    for _ in range(2):  # The second is the same form again.
        assert (await susans_browser.submit("/invitations", form)).status_code == 302
    page = (await susans_browser.get("/invitations")).text
    assert "Cousin &lt;b&gt;" in page and "1 left of 2" in page
    link = page.partition('value="https://blog.test')[2].partition('"')[0]
    assert (await browser.get(link)).status_code == 200
    await susans_browser.submit("/invitations/1/revoke", page="/invitations")
    assert (await browser.get(link)).status_code == 403
    await susans_browser.submit("/invitations", {"note": "Another"})
    token = await susans_browser.token("/")
    refused = await susans_browser.post("/invitations", data={"csrf_token": token})
    assert refused.status_code == 409


async def test_nobody_withdraws_the_invitation_of_another(
    app: Broadside, susan: User, administrator: Browser
) -> None:
    await invite(app, susan)
    answer = await administrator.submit("/invitations/1/revoke", page="/invitations")
    assert answer.status_code == 404


async def test_moderators_see_who_invited_whom(
    app: Broadside, administrator: Browser, susan: User, make_user: MakeUser, db: AsyncSession
) -> None:
    david, emma = await make_user("david"), await make_user("emma")
    for invitee, inviter in ((david, susan), (emma, david)):
        await db.execute(update(User).where(User.id == invitee.id).values(invited_by_id=inviter.id))
    await db.commit()
    page = (await administrator.get("/moderate/invitations?username=emma")).text
    chain = page.partition("was invited by")[2]
    assert chain.index("username=david") < chain.index("username=susan")
    page = (await administrator.get("/moderate/invitations?username=susan")).text
    assert "username=david" in page and "username=emma" not in page
    assert (await administrator.get("/moderate/invitations?username=none")).status_code == 404


async def test_a_profile_says_who_invited_somebody_if_they_and_the_site_wish(
    app: Broadside, susans_browser: Browser, susan: User, make_user: MakeUser, db: AsyncSession
) -> None:
    david = await make_user("david")
    await db.execute(update(User).where(User.id == susan.id).values(invited_by_id=david.id))
    await db.commit()
    for choice, is_shown in (("show", True), ("hide", False), ("show", True)):
        await susans_browser.submit(f"/invitations/{choice}-inviter", page="/invitations")
        page = (await susans_browser.get("/user/susan")).text
        assert ("Invited by" in page) == is_shown
    await change_site(app, may_show_inviter=False)
    assert "Invited by" not in (await susans_browser.get("/user/susan")).text


async def fields_of(browser: Browser) -> dict[str, str]:
    """The form to sign up as a robot fills it in at once, with all its fields."""
    found = Forms((await browser.get(REGISTER)).text).found[REGISTER]
    return found | ANN | {"password2": PASSWORD}


async def test_a_robot_that_fills_in_every_field_is_refused(browser: Browser) -> None:
    form = await fields_of(browser)
    answer = await browser.post(REGISTER, data=form | {"subject": "Buy", "opened": ""})
    assert answer.status_code == 422 and "“Subject” empty" in answer.text


async def test_a_form_that_comes_back_at_once_is_taken_when_it_is_sent_again_a_moment_later(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await fields_of(browser)
    answer = await browser.post(REGISTER, data=form)
    assert answer.status_code == 422 and "very quick" in answer.text
    again = Forms(answer.text).found[REGISTER] | {"password": PASSWORD, "password2": PASSWORD}
    later = now() + timedelta(seconds=FEWEST_SECONDS)
    monkeypatch.setattr("blog.accounts.registration.robots.now", lambda: later)
    assert (await browser.post(REGISTER, data=again)).status_code == 302


async def test_a_password_manager_may_be_quick(browser: Browser) -> None:
    form = await fields_of(browser)
    answer = await browser.post(REGISTER, data=form, headers={"Sec-Fetch-User": "?1"})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("address", "site", "status"),
    [
        ("ann@mailinator.com", {}, 422),
        ("ann@sub.mailinator.com", {}, 422),
        ("ann@mailinator.com", {"refuse_disposable": False}, 201),
        ("ann@mailinator.com", {"allowed_email_domains": ("mailinator.com",)}, 201),
        ("ann@mail.bad.example", {"refused_email_domains": ("bad.example",)}, 422),
        ("ann@notbad.example", {"refused_email_domains": ("bad.example",)}, 201),
        ("ann@שלום1.com", {}, 201),
        ("ann@faß.de", {"refused_email_domains": ("xn--fa-hia.de",)}, 422),
    ],
)
async def test_throwaway_addresses_are_refused_as_the_site_says(
    app: Broadside, address: str, site: dict[str, Any], status: int
) -> None:
    await change_site(app, **site)
    async with Client(app) as client:
        answer = await client.post("/users/", json=ANN | {"email": address})
    assert answer.status_code == status, answer.text
