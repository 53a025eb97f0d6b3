"""Leaving the site, in a real browser."""

import json
from zipfile import ZipFile

from playwright.async_api import expect

from tests.browser.conftest import PHONE, Opener
from tests.browser.steps import open_link_in_mail
from tests.browser.test_account import join
from tests.support import PASSWORD


async def test_a_person_takes_everything_along_and_leaves_by_the_link_in_the_mail(
    open_page: Opener,
) -> None:
    page = await open_page(PHONE)
    main = page.get_by_role("main")
    await join(page, "leaver")
    await page.goto("/auth/delete-account")
    await main.get_by_role("link", name="Export your data").click()
    await main.get_by_role("button", name="Create an export").click()
    async with page.expect_download() as download:
        await main.get_by_role("link", name="Download").click()
    with ZipFile(await (await download.value).path()) as archive:
        assert json.loads(archive.read("profile.json"))["username"] == "leaver"

    await page.goto("/auth/delete-account")
    await page.get_by_label("Password").fill(PASSWORD)
    await main.get_by_role("button", name="Send me a link").click()
    await expect(main.get_by_text("We've sent a link to leaver@example.com")).to_be_visible()
    await open_link_in_mail(page, "leaver@example.com", "/auth/delete-account/")
    await main.get_by_role("button", name="Delete my account").click()
    await expect(main.get_by_text("Your account has been deleted.")).to_be_visible()

    answer = await page.goto("/user/leaver")
    assert answer is not None and answer.status == 404
