"""API tokens, made and revoked in a real browser."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import WRITER
from tests.browser.steps import log_in
from tests.support import PASSWORD


@pytest.mark.parametrize(("size", "scripts"), [(DESKTOP, True), (PHONE, False)])
async def test_a_token_is_made_shown_once_and_revoked(
    open_page: Opener, size: tuple[int, int], scripts: bool
) -> None:
    page, name = await open_page(size, scripts=scripts), f"backup, scripts {scripts}"
    main = page.get_by_role("main")
    await log_in(page, WRITER)
    await page.goto("/auth/sessions")
    await main.get_by_role("link", name="API tokens").click()
    await main.get_by_label("Name").fill(name)
    await main.get_by_label("Write, edit and delete").check()
    await main.get_by_label("Expires after").select_option("7 days")
    await main.get_by_label("Password").fill(PASSWORD)
    await main.get_by_role("button", name="Create token").click()

    secret = main.get_by_label(name)
    await expect(secret).to_be_focused()
    token = await secret.input_value()
    assert token.startswith("bsd_")
    await expect(main.get_by_text(f"http --auth {token}:")).to_be_visible()
    await expect(main.get_by_text("Scopes: read and write")).to_be_visible()

    await page.reload()
    await expect(main.get_by_text("already created this token")).to_be_visible()
    await expect(main.get_by_text(token)).to_have_count(0)
    await main.get_by_role("button", name=f"Revoke {name}").click()
    await expect(main.get_by_text("Token revoked.")).to_be_visible()
    await expect(main.get_by_role("heading", name=name)).to_have_count(0)
