"""Writing with a preview beside the text, drafts that survive, editing in conflict, following."""

from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE, Opener
from tests.browser.sample_site import EDITOR, WRITER
from tests.browser.steps import log_in, schedule_in


async def publish(page: Page, text: str) -> None:
    await page.goto("/")
    await page.get_by_label("on your mind").fill(text)
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Post published.")).to_be_visible()


async def test_the_preview_follows_the_text(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await page.goto("/")
    preview = page.get_by_role("region", name="Preview")
    await expect(preview).to_be_hidden()
    await expect(page.get_by_role("button", name="Preview")).to_have_count(0)
    await page.get_by_label("on your mind").fill("Some **bold** words")
    await expect(preview.locator("strong")).to_have_text("bold")
    await page.get_by_label("on your mind").fill("Now _italic_")
    await expect(preview.locator("em")).to_have_text("italic")
    await page.get_by_label("on your mind").fill("")
    await expect(preview).to_be_hidden()


async def test_without_scripts_a_button_shows_the_preview(open_page: Opener) -> None:
    page = await open_page(PHONE, scripts=False)
    await log_in(page, WRITER)
    await page.goto("/")
    await page.get_by_label("on your mind").fill("Some **bold** words")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("region", name="Preview").locator("strong")).to_have_text("bold")
    await expect(page.get_by_label("on your mind")).to_have_value("Some **bold** words")


async def test_a_draft_survives_a_reload_until_it_is_published_or_discarded(
    open_page: Opener,
) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await page.goto("/")
    text = page.get_by_label("on your mind")
    await text.fill("Half a thought")
    await page.goto("/auth/sessions")
    await page.goto("/")
    await expect(text).to_have_value("Half a thought")
    await page.get_by_role("button", name="Discard").click()
    await page.goto("/")
    await expect(text).to_have_value("")

    await publish(page, "A whole thought")
    await page.goto("/")
    await expect(text).to_have_value("")
    await page.goto("/")
    await expect(text).to_have_value("")


async def test_a_published_text_does_not_come_back_though_no_script_ran_on_the_next_page(
    open_page: Opener,
) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await page.goto("/")
    await page.get_by_label("on your mind").fill("Published and gone")
    await page.route("**/*.js", lambda route: route.fulfill(content_type="text/javascript"))
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Post published.")).to_be_visible()
    await page.unroute("**/*.js")
    await page.goto("/")
    await expect(page.get_by_label("on your mind")).to_have_value("")


async def test_two_editors_at_once_lose_nothing(open_page: Opener) -> None:
    first, second = await open_page(), await open_page()
    for page in (first, second):
        await log_in(page, WRITER)
    await publish(first, "The first words")
    await first.get_by_role("article").first.get_by_role("link", name="Post by").click()
    address = first.url
    for page in (first, second):
        await page.goto(address)
        await page.get_by_role("link", name="Edit", exact=True).click()
    await first.get_by_label("Text", exact=True).fill("The words of the first")
    await first.get_by_role("button", name="Update").click()
    await expect(first.get_by_role("article").get_by_text("edited")).to_be_visible()

    await second.get_by_label("Text", exact=True).fill("The words of the second")
    await second.get_by_role("button", name="Update").click()
    await expect(second.get_by_label("The current text").last).to_have_value(
        "The words of the first"
    )
    await expect(second.get_by_label("Your text")).to_have_value("The words of the second")
    await second.get_by_role("button", name="Publish mine").click()
    await expect(second.get_by_text("The words of the second")).to_be_visible()


async def test_without_scripts_a_post_is_begun_on_one_device_and_published_on_another(
    open_page: Opener,
) -> None:
    desk, phone = await open_page(scripts=False), await open_page(PHONE, scripts=False)
    for page in (desk, phone):
        await log_in(page, WRITER)
    await desk.goto("/")
    await desk.get_by_label("on your mind").fill("The tram was due at eight.")
    await desk.get_by_role("button", name="Open in editor").click()
    await desk.get_by_label("Title", exact=True).fill("Waiting for it")
    await desk.get_by_label("Tags").fill("trams, waiting")
    await desk.get_by_role("button", name="Save draft").click()
    await expect(desk.get_by_text("Only you can see it.")).to_be_visible()

    await phone.get_by_role("button", name="Menu").click()
    await phone.get_by_role("link", name="Drafts").click()
    await phone.get_by_role("link", name="Waiting for it").first.click()
    await phone.get_by_label("Text", exact=True).fill("The tram was due at **nine**.")
    await phone.get_by_role("button", name="Preview").click()
    await expect(phone.get_by_role("region", name="Preview").locator("strong")).to_have_text("nine")
    await schedule_in(phone, days=9)

    await desk.goto("/drafts")
    await expect(desk.get_by_text("Scheduled", exact=True).first).to_be_visible()
    await desk.get_by_role("link", name="Waiting for it").first.click()
    await desk.get_by_role("button", name="Publish now").click()
    await expect(desk.get_by_text("Post published.")).to_be_visible()
    await expect(desk.get_by_role("heading", name="Waiting for it")).to_be_visible()
    await desk.get_by_role("link", name="Edit", exact=True).click()
    await desk.get_by_label("Text", exact=True).fill("It came.")
    await desk.get_by_role("button", name="Save changes").click()
    await desk.get_by_role("button", name="Update").click()
    await expect(desk.get_by_role("article").get_by_text("It came.")).to_be_visible()


async def test_following_from_a_profile_fills_the_followed_tab(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, EDITOR)
    await page.goto(f"/user/{WRITER}")
    await page.get_by_role("button", name="Follow", exact=True).click()
    await expect(page.get_by_text(f"You're now following {WRITER}.")).to_be_visible()
    await page.goto("/")
    await page.get_by_role("link", name="Following", exact=True).click()
    await expect(page.get_by_role("article", name=f"Post by {WRITER}").first).to_be_visible()
    await page.goto(f"/followers/{WRITER}")
    await expect(page.get_by_role("main").get_by_role("link", name=EDITOR)).to_be_visible()
    await page.goto(f"/user/{WRITER}")
    await page.get_by_role("button", name="Unfollow").click()
    await expect(page.get_by_text(f"You're no longer following {WRITER}.")).to_be_visible()
