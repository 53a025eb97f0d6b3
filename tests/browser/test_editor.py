"""The editor in a browser: saving while one types, other tabs, no network, keys, and pasting."""

import re

from playwright.async_api import FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import PHONE, Opener
from tests.browser.sample_site import EDITOR, READER, WRITER
from tests.browser.steps import log_in

PASTE = """([html, text]) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", {
    clipboardData: data, bubbles: true, cancelable: true,
  });
  return document.activeElement.dispatchEvent(event);
}"""


def text_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text", exact=True)


def title_of(page: Page) -> Locator:
    return page.get_by_label("Title", exact=True)


async def expect_status(page: Page, words: str) -> None:
    await expect(page.locator(".editor-status")).to_contain_text(words)


async def write(page: Page, title: str, text: str) -> None:
    """Begin a post, until it is saved."""
    await page.goto("/write")
    await title_of(page).fill(title)
    await text_of(page).fill(text)
    await expect_status(page, "Saved")
    await page.wait_for_url("**/edit/*")


async def test_a_post_is_begun_on_one_device_continued_on_another_and_published(
    open_page: Opener,
) -> None:
    desk, phone = await open_page(), await open_page(PHONE)
    for page in (desk, phone):
        await log_in(page, WRITER)
    await write(desk, "On two devices", "Begun at the *desk*.")
    await expect(desk.get_by_role("region", name="Preview").locator("em")).to_have_text("desk")

    await phone.goto("/drafts")
    await phone.get_by_role("link", name="On two devices").first.click()
    await expect(text_of(phone)).to_have_value("Begun at the *desk*.")
    await text_of(phone).fill("Gone on with on the *phone*.")
    await expect_status(phone, "Saved")

    await text_of(desk).fill("Gone on with at the desk.")
    question = desk.get_by_role("alert", name="Another version")
    await expect(question.get_by_label("The other version")).to_have_value(
        "Gone on with on the *phone*."
    )
    await expect(text_of(desk)).to_have_value("Gone on with at the desk.")
    await question.get_by_role("button", name="Use that one").click()
    await expect(text_of(desk)).to_have_value("Gone on with on the *phone*.")
    # What was typed is not lost.
    await text_of(desk).press("Control+z")
    await expect(text_of(desk)).to_have_value("Gone on with at the desk.")
    await text_of(desk).press("Control+Shift+z")

    await desk.get_by_label("Tags").fill("devices, #travel")
    await text_of(desk).press("Control+Enter")
    await expect(desk.get_by_text("Post published.")).to_be_visible()
    await expect(desk.get_by_role("article").locator("em")).to_have_text("phone")
    await expect(desk.get_by_role("list", name="Tags")).to_contain_text("travel")

    await desk.get_by_role("link", name="Edit", exact=True).click()
    await text_of(desk).fill("Better")
    await expect_status(desk, "Saved")
    await phone.goto(desk.url.replace("edit", "post"))
    await expect(phone.get_by_role("article").locator("em")).to_have_text("phone")
    await desk.get_by_role("button", name="Update").click()
    await expect(desk.get_by_text("Changes published.")).to_be_visible()
    await expect(desk.get_by_role("article").get_by_text("Better")).to_be_visible()


async def test_keeping_ones_own_version_replaces_the_other(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await write(page, "In two tabs", "The first")
    other = await page.context.new_page()
    await other.goto(page.url)
    await text_of(other).fill("The other")
    await expect_status(other, "Saved")
    await text_of(page).fill("Mine")
    keep = page.get_by_role("button", name="Keep mine")
    await keep.wait_for()
    async with page.expect_response("**/autosave"):
        await keep.click()
    await other.goto(page.url)
    await expect(text_of(other)).to_have_value("Mine")


async def test_without_a_network_the_browser_keeps_the_text_and_saves_it_later(
    open_page: Opener,
) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await write(page, "In a tunnel", "Before the tunnel")
    address = page.url
    await page.context.set_offline(True)
    await text_of(page).fill("In the tunnel")
    await expect_status(page, "Not saved: no connection")
    # Even if the tab is closed there.
    await page.close()
    page = await page.context.new_page()
    await page.context.set_offline(False)
    await page.goto(address)
    await expect(text_of(page)).to_have_value("In the tunnel")
    await expect_status(page, "Saved")
    await page.context.set_offline(True)
    await text_of(page).fill("In the next tunnel")
    await expect_status(page, "Not saved: no connection")
    await page.context.set_offline(False)
    await expect_status(page, "Saved")
    other = await open_page(scripts=False)
    await log_in(other, WRITER)
    await other.goto(address)
    await expect(text_of(other)).to_have_value("In the next tunnel")


async def test_what_was_typed_last_is_saved_when_the_page_is_left(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await write(page, "In a hurry", "One")
    address = page.url
    await text_of(page).fill("One and two")
    await page.goto("/auth/sessions")
    other = await open_page(scripts=False)
    await log_in(other, WRITER)
    await other.goto(address)
    await expect(text_of(other)).to_have_value("One and two")


async def test_a_page_that_is_left_before_its_first_save_is_answered_makes_one_draft(
    open_page: Opener,
) -> None:
    page = await open_page()
    await log_in(page, EDITOR)
    await page.goto("/write")
    await text_of(page).fill("Left at once")
    await page.goto("/auth/sessions")
    await page.goto("/write")
    await expect(text_of(page)).to_have_value("Left at once")
    await expect_status(page, "Saved")
    await page.goto("/drafts?q=Left+at+once")
    await expect(page.get_by_role("link", name="Left at once")).to_have_count(1)


async def test_after_a_log_out_elsewhere_nothing_is_lost(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, READER)
    await write(page, "Logged out", "Before")
    address = page.url
    await page.context.clear_cookies()
    await page.route("**/preview", lambda route: route.fulfill(body=""))
    await text_of(page).fill("After the log-out")
    await expect_status(page, "you’ve been logged out")
    await page.get_by_role("button", name="Save draft").click()
    await page.get_by_role("heading", name="This form has expired").wait_for()
    await log_in(page, READER)
    await page.goto(address)
    await expect(text_of(page)).to_have_value("After the log-out")
    await expect_status(page, "Saved")


async def test_keys_and_the_toolbar_format_the_text_and_can_be_undone(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, EDITOR)
    await page.goto("/write")
    text = text_of(page)
    await text.fill("tram")
    await text.press("Control+a")
    await text.press("Control+b")
    await expect(text).to_have_value("**tram**")
    await text.press("Control+b")
    await expect(text).to_have_value("tram")
    await text.press("Control+i")
    await expect(text).to_have_value("_tram_")
    await text.press("Control+z")
    await expect(text).to_have_value("tram")
    await text.press("Control+a")
    await text.press("Control+k")
    await expect(text).to_have_value("[tram](https://)")
    await page.keyboard.type("https://example.com/")
    await expect(text).to_have_value("[tram](https://example.com/)")
    await page.get_by_role("button", name="Quote").click()
    await expect(text).to_have_value("> [tram](https://example.com/)")
    await expect(page.get_by_text("1 word, 1 min read")).to_be_visible()
    await title_of(page).fill("One line")
    await title_of(page).press("Enter")
    await expect(text).to_be_focused()
    await text.press("Control+s")
    await expect_status(page, "Saved")


async def test_rich_text_is_pasted_as_markdown_and_nothing_of_it_runs(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, EDITOR)
    await page.goto("/write")
    text = text_of(page)
    for html, expected in (
        ("<p>One <b>bold </b>word</p><p>Two</p>", "One **bold** word\n\nTwo"),
        ("<h1>Head</h1><ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
         "## Head\n\n- a\n- b\n  1. c"),
        ('<a href="https://example.com/a_(b)">link</a>', "[link](https://example.com/a_%28b%29)"),
        ('<a href="javascript:alert(1)">link</a><i>x</i>', "link_x_"),
        ("<b>a</b><script>alert(1)</script><img src=x onerror=alert(1) alt=pic>", "**a**pic"),
        ("<pre>x = `1`\n</pre>", "```\nx = `1`\n```"),
        ("<p>use <code>a`b</code></p>", "use ``a`b``"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1|2</td></tr></table>",
         "| a | b |\n| --- | --- |\n| 1\\|2 |  |"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<p>1. no <em>list</em></p>", "1\\. no _list_"),
        ('<b style="font-weight:normal"><p>a <i>b</i></p></b>', "a _b_"),
    ):  # fmt: skip
        await text.fill("")
        await text.focus()
        assert not await page.evaluate(PASTE, [html, "plain"]), html
        await expect(text).to_have_value(expected)
    # Plain text that some program has wrapped in markup is pasted by the browser itself.
    assert await page.evaluate(PASTE, ["<div><span>plain</span></div>", "plain"])
    await text.press("Control+z")


async def test_on_a_phone_tabs_lead_from_the_text_to_its_preview(open_page: Opener) -> None:
    page = await open_page(PHONE)
    await log_in(page, EDITOR)
    await page.goto("/write")
    await text_of(page).fill("Some *words*")
    tab = page.get_by_role("tab", name="Preview")
    await page.get_by_role("tab", name="Write").focus()
    await page.keyboard.press("ArrowRight")
    await expect(tab).to_have_attribute("aria-selected", "true")
    panel = page.get_by_role("tabpanel", name="Preview")
    await expect(panel.locator("em")).to_have_text("words")
    await expect(text_of(page)).to_be_hidden()
    await page.get_by_role("tab", name="Write").click()
    await expect(text_of(page)).to_be_visible()
    await expect(panel).to_be_hidden()


async def test_an_image_is_asked_what_it_shows_and_put_into_the_text(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, EDITOR)
    await page.goto("/write")
    await text_of(page).fill("Before")
    picture = await page.screenshot(clip={"x": 0, "y": 0, "width": 40, "height": 30})
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Image").click()
    file: FilePayload = {"name": "tram.png", "mimeType": "image/png", "buffer": picture}
    await (await chooser.value).set_files(file)
    dialog = page.get_by_role("dialog", name="tram.png")
    await dialog.get_by_label("Alt text").fill("A tram in the rain")
    await dialog.get_by_role("button", name="Upload").click()
    await expect(dialog).to_be_hidden()
    await expect(text_of(page)).to_have_value(
        re.compile(r"Before\n\n!\[A tram in the rain\]\(/media/\S+\)\n\n")
    )
    await expect(page.get_by_role("region", name="Preview").get_by_role("img")).to_be_visible()
    await text_of(page).press("Control+z")
    await expect(text_of(page)).to_have_value("Before")


async def test_a_cover_is_uploaded_beside_the_text_and_saved_with_it(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, EDITOR)
    await write(page, "With a cover", "Below it")
    picture = await page.screenshot(clip={"x": 0, "y": 0, "width": 40, "height": 30})
    await page.get_by_text("Settings and schedule").click()
    covers = page.get_by_role("group", name="Cover image")
    await expect(covers.get_by_role("radio", name="No cover")).to_be_checked()
    async with page.expect_file_chooser() as chooser:
        await covers.get_by_role("button", name="Upload a cover").click()
    file: FilePayload = {"name": "cover.png", "mimeType": "image/png", "buffer": picture}
    await (await chooser.value).set_files(file)
    dialog = page.get_by_role("dialog", name="cover.png")
    await dialog.get_by_label("Alt text").fill("A tram in the rain")
    async with page.expect_response("**/autosave"):
        await dialog.get_by_role("button", name="Upload").click()
    await expect(covers.get_by_role("radio", name="A tram in the rain")).to_be_checked()
    other = await open_page(scripts=False)
    await log_in(other, EDITOR)
    await other.goto(page.url)
    await other.get_by_text("Settings and schedule").click()
    await expect(other.get_by_role("radio", name="A tram in the rain")).to_be_checked()
    await other.get_by_role("button", name="Publish").click()
    await expect(other.get_by_role("article").get_by_role("img", name="A tram")).to_be_visible()


async def test_images_of_other_sites_are_offered_to_be_copied(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, EDITOR)
    await page.goto("/write")
    address = "https://photos.example/tram.png"
    await text_of(page).fill(f"![A tram]({address} 'Line 28')\n\n[there]({address})")
    offer = page.get_by_text("One image is on another site")
    await expect(offer).to_be_visible()
    sent = []

    async def answer(route: Route) -> None:
        sent.append(route.request.post_data_json)
        await route.fulfill(status=201, json={"name": "a" * 32})

    await page.route("**/media/import", answer)
    copy = page.get_by_role("button", name="Copy to this site")
    await copy.click()
    await expect(text_of(page)).to_have_value(
        f"![A tram](/media/{'a' * 32} 'Line 28')\n\n[there]({address})"
    )
    await expect(copy).to_be_hidden()
    assert [(form["url"], form["alt"]) for form in sent] == [(address, "A tram")]
