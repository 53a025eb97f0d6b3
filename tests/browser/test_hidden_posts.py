"""A post that a moderator has hidden, as its author and everybody else see it."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import EDITOR
from tests.browser.steps import log_in, open_link_in_mail

AUTHOR = "tomas"
REASON = "It gives away somebody's address."


@pytest.mark.parametrize(
    ("name", "size", "scripts"), [("scripted", DESKTOP, True), ("scriptless", PHONE, False)]
)
async def test_the_author_reads_and_edits_it_and_is_told_why_while_others_learn_that_it_is_gone(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    author, moderator, visitor = [await open_page(size, scripts=scripts) for _ in range(3)]
    main, text = author.get_by_role("main"), f"She lives at number seven, {name}."
    await log_in(author, AUTHOR)
    await author.goto("/")
    await author.get_by_label("on your mind").fill(text)
    await main.get_by_role("button", name="Publish").click()
    await expect(main.get_by_text("Post published.")).to_be_visible()
    address = author.url.partition("?")[0]

    await log_in(moderator, EDITOR)
    await moderator.goto(address)
    await moderator.get_by_role("link", name=f"Hide the post by {AUTHOR}").click()
    await moderator.get_by_label("Rule").select_option("1")
    await moderator.get_by_label("Reason").fill(REASON)
    await moderator.get_by_role("main").get_by_role("button", name="Hide").click()
    await expect(moderator.get_by_text("Post hidden")).to_be_visible()

    # The mail leads to it.
    await open_link_in_mail(author, f"{AUTHOR}@example.com", address.rpartition("/")[2])
    await expect(main.get_by_text("Only you and moderators can see it.")).to_be_visible()
    await expect(main.get_by_text(f"Reason: {REASON}")).to_be_visible()
    await expect(main.get_by_role("article")).to_contain_text(text)
    await author.goto(f"/user/{AUTHOR}")
    hidden = main.get_by_role("region", name="Hidden by moderators")
    await hidden.get_by_role("listitem").filter(has_text=REASON).get_by_role("link").first.click()
    await main.get_by_role("link", name="Edit", exact=True).click()
    await author.get_by_label("Text", exact=True).fill(f"She lives somewhere, {name}.")
    await main.get_by_role("button", name="Update").click()
    await expect(main.get_by_role("article")).to_contain_text(f"She lives somewhere, {name}.")
    await expect(main.get_by_text("Only you and moderators can see it.")).to_be_visible()

    answer = await visitor.goto(address)
    assert answer is not None
    assert answer.status == 410
    await expect(visitor.get_by_role("main")).to_contain_text("moderator")
    await expect(visitor.get_by_text(f"lives somewhere, {name}")).to_have_count(0)
    await expect(visitor.get_by_text(REASON)).to_have_count(0)
    await visitor.goto(f"/user/{AUTHOR}")
    await expect(visitor.get_by_text(f"lives somewhere, {name}")).to_have_count(0)
    await expect(visitor.get_by_role("region", name="Hidden by moderators")).to_have_count(0)

    await moderator.goto(address)
    await moderator.get_by_role("link", name=f"Unhide the post by {AUTHOR}").click()
    await moderator.get_by_label("Reason").fill("The address is gone.")
    await moderator.get_by_role("main").get_by_role("button", name="Unhide").click()
    await expect(moderator.get_by_text("The post is visible again.")).to_be_visible()
    await visitor.goto(address)
    await expect(visitor.get_by_role("article")).to_contain_text(f"lives somewhere, {name}")
