"""From registration to a published post, in a real browser."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.steps import confirm_address
from tests.support import PASSWORD

POST = """\
## Herring at a good price

Fresh from the **harbour**, and ~~not~~ cheap:

| fish | price |
| --- | --- |
| herring | 2 |

```
sold = "out"
```
"""


@pytest.mark.parametrize(
    ("username", "size", "scripts"),
    [("desktop", DESKTOP, True), ("phone", PHONE, True), ("scriptless", PHONE, False)],
)
async def test_a_stranger_registers_and_publishes_a_post(
    open_page: Opener, username: str, size: tuple[int, int], scripts: bool
) -> None:
    page = await open_page(size, scripts=scripts)
    main, address = page.get_by_role("main"), f"{username}@example.com"

    await page.goto("/")
    await main.get_by_role("link", name="Sign up").click()
    await page.get_by_label("Email").fill(address)
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Repeat password").fill(PASSWORD)
    await main.get_by_role("button", name="Sign up").click()
    await expect(main.get_by_text(address)).to_be_visible()
    await expect(main.get_by_role("article").first).to_be_visible()
    await expect(page.get_by_label("on your mind")).to_have_count(0)

    await page.goto(f"/user/{username}")
    await main.get_by_role("link", name="Edit profile").click()
    await page.get_by_label("Name", exact=True).fill("A newcomer")
    await main.get_by_role("button", name="Save").click()
    await expect(main.get_by_role("heading", name="A newcomer")).to_be_visible()

    await page.goto("/")
    await main.get_by_role("link", name="Open the development mailbox").click()
    await confirm_address(page, address)
    await expect(main.get_by_text("confirmed")).to_be_visible()
    await page.get_by_label("on your mind").fill(POST)
    await main.get_by_role("button", name="Publish").click()

    post = page.get_by_role("article", name=f"Post by {username}")
    await expect(main.get_by_text("Post published.")).to_be_visible()
    await expect(post.get_by_role("heading", name="Herring at a good price")).to_be_visible()
    await expect(post.locator("strong")).to_have_text("harbour")
    await expect(post.locator("s")).to_have_text("not")
    await expect(post.get_by_role("cell", name="herring")).to_be_visible()
    await expect(post.locator("pre")).to_contain_text('sold = "out"')

    await post.get_by_role("link", name=f"Post by {username}").click()
    await expect(page).to_have_title("Post by A newcomer · Broadside")
    await expect(page.get_by_role("article")).to_have_count(1)


async def test_a_wrong_field_says_so_and_has_the_focus(open_page: Opener) -> None:
    page = await open_page()
    await page.goto("/auth/register")
    await page.get_by_label("Email").fill("somebody@example.com")
    await page.get_by_label("Username").fill("9 lives")
    await page.get_by_label("Password", exact=True).fill("short")
    await page.get_by_label("Repeat password").fill("short")
    await page.get_by_role("main").get_by_role("button", name="Sign up").click()

    username = page.get_by_label("Username")
    await expect(username).to_be_focused()
    await expect(username).to_have_value("9 lives")
    await expect(username).to_have_attribute("aria-invalid", "true")
    await expect(username).to_have_accessible_description(re.compile("Start with a letter"))
    await expect(page.get_by_label("Password", exact=True)).to_have_value("")
