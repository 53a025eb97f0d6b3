"""Naming somebody in a text, and liking what is in a list, in a real browser."""

from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import ESSAY
from tests.browser.steps import log_in


async def test_people_are_suggested_for_a_name_and_chosen_by_keyboard_and_finger(
    open_page: Opener,
) -> None:
    page = await open_page(DESKTOP)
    await log_in(page, "tomas")
    await page.goto(ESSAY)
    field = page.get_by_label("Your comment")
    people = page.get_by_role("listbox", name="People")
    await field.press_sequentially("Thanks, @mar")
    await expect(people.get_by_role("option", name="Marta Lindqvist")).to_be_visible()
    await field.press("ArrowDown")
    await expect(people.locator("[aria-selected=true]")).to_have_count(1)
    selected = await people.locator("[aria-selected=true]").get_attribute("id")
    await expect(field).to_have_attribute("aria-activedescendant", selected or "")
    await field.press("Escape")
    await expect(people).to_be_hidden()
    await expect(field).not_to_have_attribute("aria-activedescendant", selected or "")
    await field.press_sequentially("t")
    await expect(people).to_be_visible()
    await field.press("Enter")
    await expect(field).to_have_value("Thanks, @marta ")
    await field.press_sequentially("and @ada")
    await people.get_by_role("option", name="Ada Moreno").click()
    await expect(field).to_have_value("Thanks, @marta and @ada.moreno ")
    await expect(field).to_be_focused()
    await page.get_by_role("main").get_by_role("button", name="Comment", exact=True).click()
    written = page.get_by_role("article").filter(has_text="Thanks, @marta and @ada.moreno")
    await written.get_by_role("link", name="@ada.moreno").click()
    await expect(page).to_have_url("/user/ada.moreno")


async def test_a_post_is_liked_in_its_list_with_and_without_scripts(open_page: Opener) -> None:
    for scripts, size in ((True, DESKTOP), (False, PHONE)):
        page = await open_page(size, scripts=scripts)
        await log_in(page, "tomas")
        await page.goto("/user/ada.moreno")
        post = page.get_by_role("article").last
        like = post.get_by_role("button", name="Like")
        await like.scroll_into_view_if_needed()
        before = await page.evaluate("scrollY") if scripts else 0
        await expect(like).to_have_attribute("aria-pressed", "false")
        await like.click()
        await expect(like).to_have_attribute("aria-pressed", "true")
        await expect(like).to_be_in_viewport()
        await expect(like).to_contain_text("1 like")
        if scripts:
            assert await page.evaluate("scrollY") == before
            await expect(like).to_be_focused()
        await like.click()
        await expect(like).to_have_attribute("aria-pressed", "false")
