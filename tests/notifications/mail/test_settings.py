"""The page for notifications by mail, and unsubscribing from a kind of them."""

import re
import time

import pytest
from itsdangerous import TimestampSigner
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import MailPreference, NotificationKind, RefusedAddress, User
from blog.notifications.mail.links import UNSUBSCRIBE, notification_list
from blog.notifications.mail.preferences import DEFAULTS as KINDS
from tests.accounts.deletions import leave
from tests.notifications.mail.support import DEFAULTS, SETTINGS, choose
from tests.support import Browser, add_user

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
CHOSEN = re.compile(r'<select id="(\w+)".*?<option value="([^"]*)" selected', re.DOTALL)


async def chosen(browser: Browser) -> dict[str, str]:
    """What the page shows as chosen."""
    return dict(CHOSEN.findall((await browser.get(SETTINGS)).text))


async def link(app: Broadside, user: User, kind: NotificationKind | None) -> str:
    """The path of the link in a mail of this kind."""
    async with app.app_context():
        return notification_list(user.id, kind, app.links).unsubscribe.partition("blog.test")[2]


async def test_comments_answers_and_mentions_are_mailed_at_once_unless_one_says_otherwise(
    susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    assert await chosen(susans_browser) == DEFAULTS | {"digest": "weekly"}
    assert await db.get(MailPreference, susan.id) is None
    other = {"comment": "never", "like": "at_once", "digest": "never", "hour": "23",
             "weekday": "6", "time_zone": "America/Sao_Paulo"}  # fmt: skip
    await choose(susans_browser, **other)
    # "never" keeps the period for when it is wanted again.
    assert await chosen(susans_browser) == DEFAULTS | other


@pytest.mark.parametrize(
    ("field", "value"),
    [("comment", "often"), ("like", ""), ("digest", "hourly"), ("weekday", "7"), ("hour", "24"),
     ("hour", "-1"), ("hour", "8.5"), ("time_zone", "Mars"), ("time_zone", "")],
)  # fmt: skip
async def test_what_cannot_be_chosen_is_told_beside_the_field(
    susans_browser: Browser, db: AsyncSession, susan: User, field: str, value: str
) -> None:
    answer = await susans_browser.submit(SETTINGS, DEFAULTS | {field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert await db.get(MailPreference, susan.id) is None


@pytest.mark.parametrize("kind", [*KINDS, None])
async def test_one_click_ends_one_kind_of_mail_and_can_be_undone(
    app: Broadside, browser: Browser, susans_browser: Browser, susan: User,
    kind: NotificationKind | None,
) -> None:  # fmt: skip
    everything = {str(each): "at_once" for each in KINDS if each != NotificationKind.REPORT}
    await choose(susans_browser, **everything)
    before = await chosen(susans_browser)
    address = await link(app, susan, kind)
    assert (await browser.get(address)).status_code == 200
    assert await chosen(susans_browser) == before
    foreign = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    for _ in range(2):
        answer = await browser.post(address, data=ONE_CLICK, headers=foreign)
        assert answer.status_code == 200
        assert "You’re unsubscribed" in answer.text
    if kind != NotificationKind.REPORT:
        assert await chosen(susans_browser) == before | {kind or "digest": "never"}
    answer = await browser.submit(f"{address}/undo", page=address)
    assert (answer.status_code, answer.headers["location"]) == (302, address)
    assert await chosen(susans_browser) == before


async def test_a_link_works_in_a_mail_that_is_found_after_fifty_years(
    app: Broadside, browser: Browser, susans_browser: Browser, susan: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    address = await link(app, susan, NotificationKind.COMMENT)
    later = int(time.time()) + 50 * 365 * 86_400
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda _: later)
        assert (await browser.post(address, data=ONE_CLICK)).status_code == 200
    assert (await chosen(susans_browser))["comment"] == "never"


async def test_an_altered_link_or_one_of_a_deleted_account_changes_nothing(
    app: Broadside, browser: Browser, susan: User, db: AsyncSession
) -> None:
    address = await link(app, susan, None)
    unknown = app.links.sign(UNSUBSCRIBE, {"user": susan.id, "kind": "pigeons"})
    other = app.links.sign("unsubscribe from posts", {"user": susan.id, "kind": "digest"})
    for wrong in (address[:-1], f"{SETTINGS}/unsubscribe/{unknown}",
                  f"{SETTINGS}/unsubscribe/{other}"):  # fmt: skip
        assert (await browser.get(wrong)).status_code == 400
        assert (await browser.post(wrong, data=ONE_CLICK)).status_code == 400
    await leave(app, susan)
    assert (await browser.post(address, data=ONE_CLICK)).status_code == 400
    assert await db.get(MailPreference, susan.id) is None


async def test_the_page_tells_that_mails_were_stopped_and_starts_them_again(
    susans_browser: Browser, db: AsyncSession
) -> None:
    db.add(RefusedAddress(address="susan@example.com", days=3))
    await db.commit()
    assert "We’ve stopped these emails" in (await susans_browser.get(SETTINGS)).text
    answer = await susans_browser.submit(f"{SETTINGS}/resume", page=SETTINGS)
    assert answer.status_code == 302
    assert "We’ve stopped these emails" not in (await susans_browser.get(SETTINGS)).text


async def test_somebody_who_has_entered_anothers_address_learns_nothing_of_it(
    app: Broadside, browser: Browser, db: AsyncSession
) -> None:
    await add_user(app, "stranger", confirmed=False)
    db.add(RefusedAddress(address="stranger@example.com", days=3))
    await db.commit()
    await browser.open_session("stranger")
    assert "We’ve stopped these emails" not in (await browser.get(SETTINGS)).text
    await browser.submit(f"{SETTINGS}/resume", page=SETTINGS)
    assert await db.get(RefusedAddress, "stranger@example.com") is not None
