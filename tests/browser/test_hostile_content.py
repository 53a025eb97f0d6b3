"""Everything that people write, made of attacks, and opened in real Chromium: nothing runs.

The pages are opened with their Content Security Policy switched off, so that what is shown
here is the work of the sanitiser and of the escaping alone. The policy is the second lock,
and has a test of its own.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.images import MOST_IMAGES, ImageFacts
from blog.core.text.markdown import render_document
from blog.core.web.app import Broadside
from blog.media.markdown import markdown_of
from blog.media.sizes import name_from_digest
from blog.models import Act, AuditEntry, Media, MediaFile, Report, ReportState, User
from tests.browser.sample_site import app_of, comment_by, post_by
from tests.browser.steps import log_in
from tests.browser.watch import watch
from tests.servers import serving
from tests.support import add_user

MODERATOR = "warden"
ROWS_PER_PAGE = 200
WINDOWS = 2

MODERATORS_LISTS = [
    "/moderate", "/moderate/reports", "/moderate/reports/closed", "/admin/users", "/admin/audit",
]  # fmt: skip

RAN = "a script ran"
LISTEN = f"""
  const tell = () => console.error("{RAN}");
  for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = tell;
  Object.defineProperty(window, "pwned", {{ set: tell }});
"""
# What waits for somebody to touch it, and what no text should have put on the page. A plain
# Event sets off the handlers, but follows no link and sends no form.
PROVOKE = """() => {
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const names = element.getAttributeNames();
    if (names.some((name) => name.startsWith("on") || name === "style")) found.push(element);
    const address = element.getAttribute("href") ?? element.getAttribute("action") ?? "";
    const { origin, protocol } = new URL(address, location);
    if (!["http:", "https:", "mailto:"].includes(protocol)) found.push(element);
    if (element.matches("form") && origin !== location.origin) found.push(element);
    for (const type of ["mouseover", "pointerover", "focus", "click", "toggle"]) {
      element.dispatchEvent(new Event(type));
    }
  }
  found.push(...document.querySelectorAll(`
    .prose :not(a, blockquote, br, code, dd, div.admonition, div.code-box,
      details, div.code-box > button, dl, dt, em, figcaption, figure, h2, h3, h4, h5, h6, hr,
      img[src^="/media/"], input[type=checkbox][disabled], li, mark, math, math *,
      nav.contents, ol, p, pre, s, section.footnotes, span, strong, summary, sup,
      table, tbody, td, th, thead, tr, ul),
    .prose :is([id]:not([id^="text-"]), [name], math [href]), main ~ :not(footer),
    body :is(audio, base, embed, iframe, meta, object, style, svg:not(.masthead .bell > svg),
      template, video)`));
  return found.map((element) => element.outerHTML.slice(0, 200));
}"""

# Each of these runs in a browser that gets it as it is, or asks another host for something.
LIVE = [
    "<script>alert(1)</script>",
    "<script>pwned=1</script>",
    "<img src=x onerror=alert(1)>",
    "<details open ontoggle=confirm(1)>x</details>",
    '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
    "<svg><animate onbegin=prompt(1) attributeName=x dur=1s>",
    "<b onmouseover=alert(1)>x</b>",
]
OUTSIDE = ["<img src=//xss.invalid/x.png>", "<link rel=stylesheet href=//xss.invalid/x.css>"]
FOUND_BY_LOOKING = [
    "<a href=javascript:alert(1)>x</a>",
    "<form action=//xss.invalid/></form>",
    "<p style=position:fixed>x</p>",
    "</main><p>x</p>",
]


def payloads() -> list[str]:
    """The attacks of `xss_payloads.txt`."""
    lines = Path(__file__).with_name("xss_payloads.txt").read_text().splitlines()
    return [
        re.sub(r"{U\+(\w+)}", lambda code: chr(int(code[1], 16)), line)
        for line in lines
        if line and not line.startswith("#:")
    ]


def packed(texts: list[str], length: int) -> list[str]:
    """The texts, as many in a line as fit into `length` characters; a longer one is cut off."""
    lines = [""]
    for text in texts:
        if len(lines[-1]) + 1 + len(text) > length:
            lines.append("")
        lines[-1] = f"{lines[-1]} {text}"[:length].strip()
    return lines


class HostileSite(NamedTuple):
    """A running site on which everything is hostile.

    Attributes:
        people: whose profiles are.
        figures: the ids of posts that show images with hostile texts, and have such a cover.
    """

    url: str
    people: list[User]
    figures: list[int]


async def fill(app: Broadside) -> tuple[list[User], list[int]]:
    """Put every payload wherever people can write something, past the checks of the forms.

    Markdown gets a post and a comment for each payload, so that none can hide another. Plain
    text holds several, and each is in a name or in a location.

    Returns:
        The people whose profiles are made of payloads, and the ids of posts with images.
    """
    attacks = payloads()
    lines, reasons = packed(attacks, 64), packed(attacks, 500)
    moderator = await add_user(app, MODERATOR, role="Administrator")
    half = (len(lines) + 1) // 2
    async with app.database.session() as session:
        people = [
            User(
                username=f"attacker{number}", email=f"attacker{number}@example.com",
                password_hash="", confirmed_at=now(), role_id=moderator.role_id,
                name=lines[number], location=lines[-1 - number],
                about_me=reasons[number % len(reasons)],
            )
            for number in range(half)
        ]  # fmt: skip
        session.add_all(people)
        await session.flush()
        authors = cycle(people)
        posts = [post_by(next(authors), 0, attack) for attack in attacks]
        session.add_all(posts)
        await session.flush()
        figures = await add_figures(session, people[0], attacks)
        session.add_all(comment_by(next(authors), posts[0], 0, attack) for attack in attacks)
        for number, (reason, post) in enumerate(zip(reasons, posts, strict=False)):
            disabled = comment_by(people[0], posts[0], 0, reason)
            disabled.disabled_at, disabled.disabled_reason = now(), reason
            report = Report(reporter_id=people[0].id, post_id=post.id, reason=reason)
            if number % 2:
                report.state, report.closed_at = ReportState.RESOLVED, now()
            entry = AuditEntry(
                actor_name=reason[:64], subject_name=reason[-64:], act=Act.HIDE_POST,
                details={"reason": reason},
            )  # fmt: skip
            session.add_all([disabled, report, entry])
        await session.commit()
    return people, figures


async def add_figures(session: AsyncSession, author: User, attacks: list[str]) -> list[int]:
    """Add posts with figures whose texts are payloads, with covers whose texts are several.

    The images are not processed yet: their addresses show a colour.

    Returns:
        The ids of the posts.
    """
    posts = []
    for start in range(0, len(attacks), MOST_IMAGES // 2):
        name = name_from_digest(sha256(str(start).encode()).digest())
        size = {"width": 480, "height": 320, "variants": [[480, 320]], "colour": "888888"}
        session.add(
            MediaFile(name=name, generation="0" * 16, kind="png", frames=1, bytes=1, **size)
        )
        await session.flush()
        part = attacks[start : start + MOST_IMAGES // 2]
        texts = {"alt": " ".join(part)[:1000], "caption": " ".join(part)[-1000:]}
        media = Media(owner_id=author.id, name=name, bytes=1, **texts)
        session.add(media)
        await session.flush()
        own = Media(name=name, alt="", caption="")
        figures = [markdown_of(media)]
        for attack in part:
            own.alt = own.caption = attack
            figures += [markdown_of(own), f'![{attack}](/media/{name} "{attack}")']
        body = "\n\n".join(figures)
        post = post_by(author, 0, body)
        facts = ImageFacts(base="", colour="888888", variants=[[480, 320]])
        post.body_html, post.cover_id = render_document(body, {name: facts}), media.id
        posts.append(post)
    session.add_all(posts)
    await session.flush()
    return [post.id for post in posts]


@pytest.fixture(scope="module")
async def hostile_site(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[HostileSite]:
    """A site of this module's own, with long pages."""
    var_dir = tmp_path_factory.mktemp("hostile")
    async with serving(
        var_dir, posts_per_page=ROWS_PER_PAGE, comments_per_page=ROWS_PER_PAGE
    ) as server:
        app = app_of(var_dir)
        await app.database.open()
        people, figures = await fill(app)
        await app.database.close()
        yield HostileSite(server.url, people, figures)


@asynccontextmanager
async def listening(
    chromium: Browser, site: HostileSite, problems: list[str], *, policy: bool = False
) -> AsyncIterator[BrowserContext]:
    """A browser of its own that notes in `problems` when a script of somebody else's runs.

    Args:
        policy: whether the Content Security Policy of the pages is in force.
    """
    context = await chromium.new_context(base_url=site.url, bypass_csp=not policy)
    watch(context, site.url, problems)
    await context.add_init_script(LISTEN)
    try:
        yield context
    finally:
        await context.close()


async def inspect(page: Page, address: str, problems: list[str]) -> None:
    """Open a page, touch everything on it, and note what should not be there."""
    answer = await page.goto(address)
    assert answer and answer.ok, (address, answer and answer.status)
    problems += [f"{address}: {found}" for found in await page.evaluate(PROVOKE)]


async def inspect_lists(page: Page, addresses: Iterable[str], problems: list[str]) -> int:
    """Inspect each list from its first page to its last; how many pages these are."""
    count = 0
    for address in addresses:
        following: str | None = address
        while following:
            await inspect(page, following, problems)
            count += 1
            link = page.locator("a[rel=next]")
            following = await link.get_attribute("href") if await link.count() else None
    return count


async def test_the_lists_run_nothing(chromium: Browser, hostile_site: HostileSite) -> None:
    problems: list[str] = []
    async with (
        listening(chromium, hostile_site, problems) as visitors,
        listening(chromium, hostile_site, problems) as moderators,
    ):
        visitor, moderator = await visitors.new_page(), await moderators.new_page()
        await log_in(moderator, MODERATOR)
        pages = len(payloads()) // ROWS_PER_PAGE
        assert await inspect_lists(visitor, ["/", "/post/1"], problems) > 2 * pages
        assert await inspect_lists(moderator, MODERATORS_LISTS, problems) > pages + 4
    assert problems == []


async def test_profiles_run_nothing_and_show_what_was_written(
    chromium: Browser, hostile_site: HostileSite
) -> None:
    problems: list[str] = []
    remaining = iter(hostile_site.people)

    async def inspect_people(page: Page) -> None:
        for person in remaining:
            await inspect(page, f"/user/{person.username}", problems)
            shown = await page.evaluate(
                "() => [...document.querySelectorAll('h1, .fact-line li, .about')]"
                ".map((e) => e.textContent)"
            )
            assert {person.name, person.location} <= set(shown)
            # What links to a mailbox is shown without the scheme.
            about = person.about_me.replace("mailto:", "")
            assert about in {text.replace("mailto:", "") for text in shown}

    async with listening(chromium, hostile_site, problems) as visitors:
        await asyncio.gather(*[inspect_people(await visitors.new_page()) for _ in range(WINDOWS)])
    assert problems == []


async def test_texts_of_images_run_nothing(chromium: Browser, hostile_site: HostileSite) -> None:
    problems: list[str] = []
    async with listening(chromium, hostile_site, problems) as visitors:
        page, shown, described = await visitors.new_page(), 0, 0
        for post_id in hostile_site.figures:
            await inspect(page, f"/post/{post_id}", problems)
            shown += await page.locator(".prose img").count()
            described += await page.locator("figure > details").count()
    assert problems == []
    assert min(shown, described) > len(payloads())


async def test_forms_filled_with_it_run_nothing(
    chromium: Browser, hostile_site: HostileSite
) -> None:
    problems: list[str] = []
    people = hostile_site.people[: len(packed(payloads(), 500))]
    async with listening(chromium, hostile_site, problems) as moderators:
        page = await moderators.new_page()
        await log_in(page, MODERATOR)
        for person in people:
            await inspect(page, f"/edit-profile/{person.id}", problems)
            await expect(page.get_by_label("About me")).to_have_value(person.about_me)
    assert problems == []


async def opened_unsanitised(context: BrowserContext, html: str, problems: list[str]) -> None:
    """Open a page of the site into which `html` was put as it is, and touch everything."""

    async def put_in(route: Route) -> None:
        answer = await route.fetch()
        body = (await answer.text()).replace("</main>", f"{html}</main>")
        await route.fulfill(response=answer, body=body)

    await context.route("**/auth/login", put_in)
    await context.route("**://xss.invalid/**", lambda route: route.abort())
    page = await context.new_page()
    await inspect(page, "/auth/login", problems)
    await page.close()


@pytest.mark.parametrize("html", LIVE)
async def test_without_sanitiser_and_policy_it_would_run(
    chromium: Browser, hostile_site: HostileSite, html: str
) -> None:
    problems: list[str] = []
    async with (
        listening(chromium, hostile_site, problems) as context,
        context.expect_event("console", lambda message: message.text == RAN),
    ):
        await opened_unsanitised(context, html, problems)
    assert any(RAN in problem for problem in problems)


@pytest.mark.parametrize("html", OUTSIDE + FOUND_BY_LOOKING)
async def test_without_sanitiser_it_would_be_noticed(
    chromium: Browser, hostile_site: HostileSite, html: str
) -> None:
    problems: list[str] = []
    async with listening(chromium, hostile_site, problems) as context:
        await opened_unsanitised(context, html, problems)
    assert problems != []


async def test_the_policy_alone_keeps_scripts_from_running(
    chromium: Browser, hostile_site: HostileSite
) -> None:
    problems: list[str] = []
    async with listening(chromium, hostile_site, problems, policy=True) as context:
        for html in LIVE:
            await opened_unsanitised(context, html, problems)
    assert any("Content Security Policy" in problem for problem in problems)
    assert not any(RAN in problem for problem in problems)
