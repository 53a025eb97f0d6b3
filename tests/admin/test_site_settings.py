"""`/admin/settings`: what administrators change, in force at once, and what they cannot break."""

import re
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.site_settings.colours import DARK, DEFAULT, ENOUGH, LIGHT, contrast, palette
from blog.core.site_settings.keeper import SiteSettingsKeeper
from blog.core.site_settings.rules import parse_rules
from blog.core.web.app import Broadside
from blog.models import AuditEntry, SiteSetting, User
from settings import Settings
from tests.servers import until
from tests.support import Browser, change_site

ADDRESS = "/admin/settings"


async def entries(db: AsyncSession) -> list[AuditEntry]:
    return list(await db.scalars(select(AuditEntry).order_by(AuditEntry.id)))


@pytest.fixture
async def other_process(
    app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[SiteSettingsKeeper]:
    """What another process on the same database has in force."""
    async with create_app(make_settings()).test_app() as running:
        yield running.app.site_settings  # type: ignore[attr-defined]


async def test_a_new_name_is_in_force_in_every_process(
    roots_browser: Browser, other_process: SiteSettingsKeeper
) -> None:
    assert "Broadside" in (await roots_browser.get("/")).text
    answer = await roots_browser.submit(
        ADDRESS, {"site_name": "Our street", "tagline": "What we write on it"}
    )
    assert answer.status_code == 302
    async with Browser(roots_browser._app) as visitor:
        page = (await visitor.get("/")).text
    assert "<title>Our street: What we write on it</title>" in page and "Broadside" not in page

    async def has_heard() -> bool:
        return other_process.current.site_name == "Our street"

    await until(has_heard, seconds=10)


async def test_a_process_that_hears_nothing_finds_a_change_by_looking(
    app: Broadside, db: AsyncSession, make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("blog.core.site_settings.keeper.POLL_SECONDS", 0.05)
    async with create_app(make_settings()).test_app() as running:
        keeper: SiteSettingsKeeper = running.app.site_settings  # type: ignore[attr-defined]
        db.add(SiteSetting(name="tagline", value="Not announced", version=1))
        await db.commit()

        async def has_found() -> bool:
            return keeper.current.tagline == "Not announced"

        await until(has_found, seconds=60)


async def test_the_environment_gives_what_nobody_has_changed(
    roots_browser: Browser, db: AsyncSession, make_settings: Callable[..., Settings]
) -> None:
    await roots_browser.submit(ADDRESS, {"tagline": "Changed", "allow_indexing": "true"})
    stored = (await db.scalars(select(SiteSetting.name))).all()
    assert stored == ["tagline"], "what was sent as it is does not count as changed"
    changed = make_settings(site_name="Named there", site_tagline="Unused", allow_indexing=False)
    async with create_app(changed).test_app() as running:
        site = running.app.site  # type: ignore[attr-defined]
        assert (site.site_name, site.tagline) == ("Named there", "Changed")
        assert not site.allow_indexing


async def test_a_change_is_in_the_audit_log_with_the_old_and_the_new_value(
    roots_browser: Browser, db: AsyncSession
) -> None:
    await roots_browser.submit(ADDRESS, {"site_name": "New", "held_words": "Casino\nviagra\n"})
    (entry,) = await entries(db)
    assert (entry.act, entry.actor_name) == ("change site settings", "root")
    assert entry.details == {
        "site_name": ["Broadside", "New"], "held_words": ["", "casino, viagra"],
    }  # fmt: skip
    shown = (await roots_browser.get("/admin/audit")).text
    assert "Name of the site: <bdi>Broadside</bdi> → <bdi>New</bdi>" in shown


async def test_a_field_that_is_not_sent_stays(app: Broadside, roots_browser: Browser) -> None:
    await roots_browser.submit(ADDRESS, {"site_name": "Kept", "registration": "closed"})
    await roots_browser.submit(ADDRESS, {"tagline": "Only this"})
    assert (app.site.site_name, app.site.registration) == ("Kept", "closed")


async def test_the_second_of_two_administrators_sees_both_values(
    app: Broadside, roots_browser: Browser, admins_browser: Browser
) -> None:
    await roots_browser.submit(ADDRESS, {"version": "0", "tagline": "First"})
    answer = await admins_browser.submit(ADDRESS, {"version": "0", "tagline": "Second & last"})
    assert answer.status_code == 409
    assert "now: First" in answer.text and 'value="Second &amp; last"' in answer.text
    assert app.site.tagline == "First"
    found = re.search(r'name="version" value="(\d+)"', answer.text)
    assert found
    again = {"version": found[1], "tagline": "Second & last"}
    assert (await admins_browser.submit(ADDRESS, again)).status_code == 302
    assert app.site.tagline == "Second & last"


async def test_two_administrators_who_change_different_settings_do_not_disturb_each_other(
    app: Broadside, roots_browser: Browser, admins_browser: Browser
) -> None:
    await roots_browser.submit(ADDRESS, {"version": "0", "tagline": "One"})
    answer = await admins_browser.submit(ADDRESS, {"version": "0", "site_name": "Other"})
    assert answer.status_code == 302
    assert (app.site.tagline, app.site.site_name) == ("One", "Other")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"accent": "#ffee00"}, "hard to read in the light theme"),
        ({"accent_dark": "#0b6355"}, "hard to read in the dark theme"),
        ({"accent": "teal"}, "six hexadecimal digits"),
        ({"rules": "1. Be kind.\n" + "x" * 1_000_000}, "at most 65,536 characters"),
        ({"rules": "1. One\n3. Three\n2. Two"}, "Rule 2 comes after rule 3"),
        ({"about": "[" * 60_000}, "too complex"),
        ({"site_name": "\u200b"}, "Please fill in this field"),
        ({"registration": "ajar"}, "a valid value"),
        ({"held_domains": "good.example\nnot a domain"}, "“not a domain” isn&#39;t a domain"),
        ({"media_quota": "-3"}, "from 1 to 1,000,000"),
    ],
)
async def test_bad_input_is_explained_beside_the_field_and_changes_nothing(
    app: Broadside, roots_browser: Browser, fields: dict[str, str], message: str
) -> None:
    answer = await roots_browser.submit(ADDRESS, {**fields, "tagline": "Typed too"})
    assert answer.status_code == 422
    name = next(iter(fields))
    assert re.search(rf'id="{name}-error">[^<]*{re.escape(message)}', answer.text)
    assert 'value="Typed too"' in answer.text
    assert app.site.version == 0


def test_the_colours_of_the_checks_are_those_of_the_style_sheet() -> None:
    sheet = Path("static/css/tokens.css").read_text()
    found = {
        name: re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\);", sheet).groups()  # type: ignore[union-attr]
        for name in ("paper", "sheet", "wash", "accent", "accent-strong", "on-accent")
    }
    surfaces = [found[name] for name in ("paper", "sheet", "wash")]
    assert list(zip(LIGHT, DARK, strict=True)) == surfaces
    accents = [found[name] for name in ("accent", "accent-strong", "on-accent")]
    assert list(zip(DEFAULT[:3], DEFAULT[3:], strict=True)) == accents


@pytest.mark.parametrize("accent", ["#0b6355", "#a9281b", "#1d5a8c", "#000000", "#5b2a86"])
def test_all_that_follows_from_a_readable_colour_can_be_read(accent: str) -> None:
    made = palette(accent)
    for surface in LIGHT:
        assert contrast(made.light_strong, surface) >= ENOUGH
    for surface in DARK:
        assert min(contrast(made.dark, surface), contrast(made.dark_strong, surface)) >= ENOUGH
    assert contrast(made.light, made.on_light) >= ENOUGH
    assert contrast(made.dark, made.on_dark) >= ENOUGH


async def test_pages_and_mails_have_the_accent_colour(app: Broadside, browser: Browser) -> None:
    assert "/accent/" not in (await browser.get("/")).text
    await change_site(app, accent="#a9281b")
    found = re.search(r'href="(/accent/a9281b-\w{6}\.css)"', (await browser.get("/")).text)
    assert found
    sheet = await browser.get(found[1])
    assert "--accent: light-dark(#a9281b, #" in sheet.text
    assert "immutable" in sheet.headers["cache-control"]
    assert (await browser.get("/accent/red-x;}.css")).status_code == 404


async def test_a_script_is_no_logo(app: Broadside, roots_browser: Browser) -> None:
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    token = await roots_browser.token(ADDRESS)
    answer = await roots_browser.post(
        f"{ADDRESS}/logo", data={"csrf_token": token}, files={"file": ("logo.png", script)}
    )
    assert answer.status_code == 422 and 'id="file-error"' in answer.text
    assert not app.site.logo


async def test_a_logo_is_shown_until_it_is_removed(
    app: Broadside, roots_browser: Browser, browser: Browser
) -> None:
    picture = BytesIO()
    Image.new("RGB", (64, 32), "teal").save(picture, "PNG")
    token = await roots_browser.token(ADDRESS)
    answer = await roots_browser.post(
        f"{ADDRESS}/logo",
        data={"csrf_token": token},
        files={"file": ("logo.png", picture.getvalue())},
    )
    assert answer.status_code == 302
    assert f"/media/{app.site.logo.name}-64.webp" in (await browser.get("/")).text
    await roots_browser.submit(f"{ADDRESS}/logo/remove", page=ADDRESS)
    assert "/media/" not in (await browser.get("/")).text


async def test_the_pages_that_are_filled_are_linked(app: Broadside, browser: Browser) -> None:
    assert (await browser.get("/about")).status_code == 404
    assert 'href="/about"' not in (await browser.get("/")).text
    await change_site(app, about="We are *neighbours*.", notice="Down at 8: https://status.test")
    home = (await browser.get("/")).text
    assert 'href="/about"' in home and 'href="/privacy"' not in home
    assert '<a href="https://status.test" rel="noopener">' in home
    page = (await browser.get("/about")).text
    assert "<em>neighbours</em>" in page and 'aria-current="page">About' in page


async def test_a_rule_keeps_its_number_when_another_goes(app: Broadside, browser: Browser) -> None:
    text = "Please:\n\n1. **Be kind.**\n   Always.\n\n3. No spam\n\n10) <script>alert(1)</script>"
    await change_site(app, rules=text)
    page = (await browser.get("/rules")).text
    assert '<li id="rule-3" value="3">' in page and "rule-2" not in page
    assert "<script>alert" not in page
    assert [(rule.number, rule.title) for rule in app.site.numbered_rules[:2]] == [
        (1, "Be kind."), (3, "No spam"),
    ]  # fmt: skip


def test_a_text_without_numbers_is_no_rule() -> None:
    assert parse_rules("Be kind.\n\n- Really") == ("Be kind.\n\n- Really", ())


async def test_a_site_can_do_without_feeds(app: Broadside, browser: Browser, susan: User) -> None:
    await change_site(app, feeds=False)
    for address in ("/feed.atom", "/user/susan/feed.json", "/search/feed.atom?q=x"):
        assert (await browser.get(address)).status_code == 404
    for address in ("/", "/user/susan"):
        assert "feed." not in (await browser.get(address)).text


async def test_the_site_decides_who_can_comment(
    app: Broadside, susans_browser: Browser, roots_browser: Browser
) -> None:
    await susans_browser.submit("/", {"body": "Hello"})
    await change_site(app, commenting="established")
    assert "once your account is a week old" in (await susans_browser.get("/post/1")).text
    page = await susans_browser.get("/")
    token = await susans_browser.token("/")
    answer = await susans_browser.post("/post/1", data={"csrf_token": token, "body": "Hi"})
    assert answer.status_code == 403, page.text
    assert (await roots_browser.submit("/post/1", {"body": "Hi"})).status_code == 302


async def test_settings_cost_no_statement(app: Broadside, browser: Browser) -> None:
    await change_site(app, about="We", site_name="Ours", notice="Hello")
    answer = await browser.get("/about")
    assert 'desc="0 statements"' in answer.headers["server-timing"]
