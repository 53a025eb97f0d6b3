"""From a report to the decision on an appeal, in a real browser."""

import re
import shlex
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import EDITOR, WRITER
from tests.browser.steps import log_in, open_link_in_mail
from tests.browser.test_comments import comment, menu_of
from tests.servers import run

AUTHOR, DECIDER = "i.okafor", "tomas"


async def test_a_report_ends_in_a_measure_that_another_moderator_lifts(
    open_page: Opener, tmp_path: Path
) -> None:
    author, reporter, editor = [await open_page(DESKTOP) for _ in range(3)]
    decider = await open_page(PHONE, scripts=False)
    for page, name in ((author, AUTHOR), (reporter, WRITER), (editor, EDITOR)):
        await log_in(page, name)
    main = editor.get_by_role("main")
    await give_role(editor, DECIDER, "Moderator")
    await editor.goto("/admin/answers")
    await main.get_by_label("Name").fill("Market stall")
    await main.get_by_label("Text").fill("This isn’t a market.")
    await main.get_by_role("button", name="Add").click()
    await expect(main.get_by_text("Template added.")).to_be_visible()

    queue = await close_report(author, reporter, editor, decider)
    await take_measure(editor, queue)
    await appeal(author, editor, decider)
    await give_role(editor, DECIDER, "User")
    await verify(await open_page(DESKTOP), tmp_path)


async def give_role(editor: Page, name: str, role: str) -> None:
    """Change the role of a person, as an administrator."""
    main = editor.get_by_role("main")
    await editor.goto(f"/admin/users?q={name}")
    await main.get_by_role("link", name=f"Manage {name}").click()
    await main.get_by_role("link", name="Change role").click()
    await main.get_by_label("New role").select_option(role)
    await main.get_by_label("Reason").fill("helps out")
    await main.get_by_role("button", name="Change role").click()
    await expect(main.get_by_text(f"{name} is now {role}.")).to_be_visible()


async def close_report(author: Page, reporter: Page, editor: Page, decider: Page) -> str:
    """Report a comment, and claim, note and answer that; the address of the report."""
    main = editor.get_by_role("main")
    await comment(author, "Telephones, second hand!")
    address, _, anchor = author.url.partition("#")
    await reporter.goto(address)
    shown = reporter.locator(f"#{anchor}")
    await menu_of(shown).click()
    await shown.get_by_role("link", name=f"Report the comment by {AUTHOR}").click()
    await reporter.get_by_label("What’s wrong?").select_option("Spam")
    await reporter.get_by_role("button", name="Report").click()
    await expect(reporter.get_by_text("A moderator will take a look.")).to_be_visible()

    await editor.goto("/moderate/reports?category=spam")
    report = main.get_by_role("article").filter(has_text="Telephones, second hand!")
    await report.get_by_role("button", name="Claim").click()
    await expect(report.get_by_text("You’re working on this")).to_be_visible()
    await report.get_by_role("link", name="Answer, notes and history").click()
    await main.get_by_label(f"Add a note about {AUTHOR}").fill("Sells telephones.")
    await main.get_by_role("button", name="Add note").click()
    await expect(main.get_by_text("Sells telephones.")).to_be_visible()
    queue = editor.url
    await log_in(decider, DECIDER)
    await decider.goto(queue)
    await expect(decider.get_by_text(f"{EDITOR} is working on this")).to_be_visible()
    await expect(decider.get_by_text("Sells telephones.")).to_be_visible()

    await main.get_by_label("Answer template").select_option("Market stall")
    await main.get_by_role("button", name="Insert").click()
    answer = main.get_by_label(f"Answer to {WRITER}")
    await expect(answer).to_have_value("This isn’t a market.")
    await answer.fill("This isn’t a market. Thanks.")
    await main.get_by_role("button", name="Resolve").click()
    await expect(main.get_by_text("Report resolved.")).to_be_visible()
    await reporter.goto("/auth/measures")
    await expect(reporter.get_by_text("This isn’t a market. Thanks.")).to_be_visible()
    return queue


async def take_measure(editor: Page, queue: str) -> None:
    """Limit the author, with a text of a template, after a preview."""
    main = editor.get_by_role("main")
    await editor.goto(queue)
    await main.get_by_role("link", name=f"{AUTHOR}’s history").click()
    await main.get_by_label("Limit").check()
    await main.get_by_label("Rule").select_option("1")
    await main.get_by_label("Answer template").select_option("Market stall")
    await main.get_by_role("button", name="Insert").click()
    await expect(main.get_by_label("Limit")).to_be_checked()
    await expect(main.get_by_label("Reason")).to_have_value("This isn’t a market.")
    await main.get_by_role("button", name="Continue").click()
    await expect(
        main.get_by_text(
            re.compile(r"What they've written will disappear from lists: \d+ posts? and")
        )
    ).to_be_visible()
    await main.get_by_role("button", name="Limit").click()
    await expect(main.get_by_text("in force")).to_be_visible()


async def appeal(author: Page, editor: Page, decider: Page) -> None:
    """Appeal by the link in the mail, which another moderator decides."""
    main = editor.get_by_role("main")
    await open_link_in_mail(author, f"{AUTHOR}@example.com", "/appeal/")
    address = author.url
    await author.get_by_label("Why should this be undone?").fill("It was a joke.")
    await author.get_by_role("main").get_by_role("button", name="Appeal").click()
    await expect(author.get_by_text("Waiting for another moderator.")).to_be_visible()
    await editor.goto("/moderate/appeals")
    await main.get_by_role("link", name=f"Appeal by {AUTHOR}").click()
    await expect(main.get_by_text("This was your decision.")).to_be_visible()
    await decider.goto(editor.url)
    await decider.get_by_label("Answer").fill("Funny enough.")
    await decider.get_by_role("button", name="Grant the appeal").click()
    await expect(decider.get_by_text("Decided.")).to_be_visible()
    await author.goto(address)
    await expect(author.get_by_text("A moderator granted your appeal")).to_be_visible()
    await expect(author.get_by_text("Funny enough.")).to_be_visible()


async def verify(stranger: Page, folder: Path) -> None:
    """Run the command that the public log shows, as someone without an account."""
    await stranger.goto("/moderation/log")
    await expect(stranger.get_by_text("Granted an appeal").first).to_be_visible()
    command = await stranger.get_by_text("blog moderation verify").inner_text()
    code, output = await run(folder, *shlex.split(command))
    head = command.split()[-1]
    assert (code, head in output) == (0, True), output
