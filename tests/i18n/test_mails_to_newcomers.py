"""People get mails in the language in which they signed up or subscribed."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Subscription, User
from blog.subscriptions.jobs import MAIL_POST
from tests.accounts.test_register import FORM
from tests.api.support import Client
from tests.i18n.support import offer
from tests.jobs import finish_jobs
from tests.subscriptions.support import post_mails, publish, subscribe, subscriptions
from tests.support import Browser, add_user, link_in, outbox

GERMAN, ARABIC = {"Accept-Language": "de-AT, en;q=0.5"}, {"Accept-Language": "ar"}


async def language_of(db: AsyncSession, username: str) -> str | None:
    return await db.scalar(select(User.interface_language).where(User.username == username))


async def test_an_account_is_in_the_language_in_which_its_owner_signed_up(
    site_in_three: Broadside, browser: Browser, db: AsyncSession
) -> None:
    browser.headers.update(GERMAN)
    await browser.submit("/auth/register", FORM)
    assert await language_of(db, "susan") == "de"
    (mail,) = await outbox(site_in_three)
    assert 'lang="de"' in mail.html
    # It stays that of the account in another browser.
    browser.headers.update(ARABIC)
    assert (await browser.get("/")).headers["content-language"] == "de"


async def test_a_mail_from_right_to_left_says_so_in_its_text_and_names_keep_their_direction(
    site_in_three: Broadside, browser: Browser
) -> None:
    browser.headers.update(ARABIC)
    await browser.submit("/auth/register", FORM)
    (mail,) = await outbox(site_in_three)
    # Not only on <html>, of which some programs keep nothing.
    assert '<div lang="ar" dir="rtl"' in mail.html and "text-align: right" in mail.html
    assert "<bdi>susan</bdi>" in mail.html and "\u2068susan\u2069" in mail.text


@pytest.mark.parametrize(
    ("headers", "kept"), [({}, None), ({"Accept-Language": "fr"}, None), (ARABIC, "ar")]
)
async def test_a_program_that_registers_someone_says_in_which_language(
    site_in_three: Broadside, db: AsyncSession, headers: dict[str, str], kept: str | None
) -> None:
    async with Client(site_in_three) as client:
        person = {name: FORM[name] for name in ("email", "username", "password")}
        answer = await client.post("/users/", json=person, headers=headers)
    assert answer.status_code == 201
    assert await language_of(db, "susan") == kept


async def test_where_there_is_one_language_none_is_kept_for_an_account(
    app: Broadside, browser: Browser, db: AsyncSession
) -> None:
    offer(app, 1, "en")
    browser.headers["Accept-Language"] = "en"
    await browser.submit("/auth/register", FORM)
    assert await language_of(db, "susan") is None


async def test_subscribers_get_posts_in_the_language_of_the_page_where_they_subscribed(
    site_in_three: Broadside, browser: Browser, susans_browser: Browser, db: AsyncSession
) -> None:
    for headers, email in ((GERMAN, "g@example.com"), (ARABIC, "a@example.com")):
        browser.headers.update(headers)
        await subscribe(browser, "susan", email)
        mail = (await outbox(site_in_three))[-1]
        assert f'lang="{headers["Accept-Language"][:2]}"' in mail.html
        await browser.submit(link_in(mail))
    db.add(Subscription(author_id=1, email="old@example.com", confirmed_at=mail.created_at))
    # Others who ask for an address don't change the language of its mails.
    browser.headers.update({"Accept-Language": "en"})
    await subscribe(browser, "susan", "g@example.com")
    # Whoever has an account has chosen there.
    await add_user(site_in_three, "reader")
    await db.execute(update(User).where(User.username == "reader").values(interface_language="ar"))
    db.add(
        Subscription(
            author_id=1, email="reader@example.com", confirmed_at=mail.created_at, language="de"
        )
    )
    await db.commit()
    await publish(susans_browser)
    await finish_jobs(site_in_three, MAIL_POST.name)
    found = {mail.recipient[0]: mail for mail in await post_mails(site_in_three)}
    for who, language in (("g", "de"), ("a", "ar"), ("o", "en"), ("r", "ar")):
        assert f'lang="{language}"' in found[who].html
        marked = "" if language == "en" else f"[{language}] "
        assert f"{marked}New post by " in found[who].subject
        assert f"{marked}You're getting this because you asked" in found[who].text
    assert [each.language for each in await subscriptions(db)] == ["de", "ar", None, "de"]
