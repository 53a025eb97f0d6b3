"""The path of a post in a browser: from a pasted image on one device to a text that is restored."""

from collections.abc import Callable

from playwright.async_api import Locator, Page, Response, expect

from tests.browser.conftest import PHONE, Opener
from tests.browser.sample_site import WRITER
from tests.browser.steps import log_in, schedule_in

# As a browser does it with a picture from the clipboard, or one that is dragged into the text.
GIVE_PICTURE = """async ([kind, name]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 30 });
  canvas.getContext("2d").fillText(name, 2, 20);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  const data = new DataTransfer();
  data.items.add(new File([blob], name, { type: "image/png" }));
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, ...options })
    : new DragEvent("drop", { dataTransfer: data, ...options });
  return document.activeElement.dispatchEvent(event);
}"""


def text_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text", exact=True)


async def give_picture(page: Page, kind: str, name: str, alt: str) -> None:
    """Paste or drop a picture into the text, and say what it shows."""
    await text_of(page).focus()
    assert not await page.evaluate(GIVE_PICTURE, [kind, name])
    dialog = page.get_by_role("dialog", name=name)
    await dialog.get_by_label("Alt text").fill(alt)
    await dialog.get_by_role("button", name="Upload").click()
    await expect(dialog).to_be_hidden()


def saves(word: str) -> Callable[[Response], bool]:
    """Whether a response is that to saving a text with this word."""

    def check(response: Response) -> bool:
        return response.url.endswith("/autosave") and word in (response.request.post_data or "")

    return check


async def test_a_post_with_pasted_images_is_scheduled_published_edited_and_restored(
    open_page: Opener,
) -> None:
    desk, phone = await open_page(), await open_page(PHONE)
    for page in (desk, phone):
        await log_in(page, WRITER)
    await desk.goto("/write")
    await desk.get_by_label("Title", exact=True).fill("The last tram")
    await desk.get_by_label("Tags").fill("trams, night")
    await text_of(desk).fill("It was due at *eight*.")
    await give_picture(desk, "paste", "stop.png", "A tram stop")
    async with desk.expect_response(saves("station")):
        await give_picture(desk, "drop", "clock.png", "A station clock")
    for alt in ("A tram stop", "A station clock"):
        image = desk.get_by_role("region", name="Preview").get_by_role("img", name=alt)
        await expect(image).to_be_visible()

    await phone.goto("/drafts")
    await phone.get_by_role("link", name="The last tram").first.click()
    text = await text_of(phone).input_value()
    assert text.count("](/media/") == 2
    async with phone.expect_response(saves("Nobody")):
        await text_of(phone).fill(f"{text}\n\nNobody came.")
    await schedule_in(phone, days=9)

    await desk.goto("/drafts")
    await desk.get_by_role("link", name="The last tram").first.click()
    await desk.get_by_role("button", name="Publish now").click()
    await expect(desk.get_by_text("Post published.")).to_be_visible()
    article = desk.get_by_role("article")
    for alt in ("A tram stop", "A station clock"):
        await expect(article.get_by_role("img", name=alt)).to_be_visible()
    await desk.get_by_role("link", name="Edit", exact=True).click()
    await text_of(desk).fill("It was due at *nine*.")
    await desk.get_by_role("button", name="Update").click()
    await expect(desk.get_by_text("Changes published.")).to_be_visible()

    await article.get_by_role("link", name="edited").click()
    await desk.get_by_role("link", name="Revision 2").click()
    difference = desk.get_by_role("region", name="What changed").locator(".difference")
    await expect(difference.locator("del").filter(has_text="Nobody").first).to_be_visible()
    await expect(difference.locator("ins").filter(has_text="nine").first).to_be_visible()
    await desk.get_by_role("link", name="Revision 1").click()
    await desk.get_by_role("link", name="Restore").click()
    await desk.get_by_role("button", name="Restore").click()
    await expect(desk.get_by_text("Revision 1 restored.")).to_be_visible()
    await expect(article.locator("em")).to_have_text("eight")
    await expect(article.get_by_role("img", name="A tram stop")).to_be_visible()


async def test_the_preview_scrolls_in_step_with_the_text(open_page: Opener) -> None:
    page = await open_page((1440, 900))
    await log_in(page, WRITER)
    await page.goto("/write")
    await text_of(page).fill("\n\n".join(f"Paragraph {number}" for number in range(80)))
    preview = page.get_by_role("region", name="Preview")
    await expect(preview.get_by_text("Paragraph 79")).to_be_attached()
    await expect(preview.get_by_text("Paragraph 79")).not_to_be_in_viewport()
    await page.evaluate("scrollTo({ top: document.body.scrollHeight })")
    await expect(preview.get_by_text("Paragraph 79")).to_be_in_viewport()
    await page.evaluate("scrollTo({ top: 0 })")
    await expect(preview.get_by_text("Paragraph 0", exact=True)).to_be_in_viewport()
