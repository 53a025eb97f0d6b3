"""Every page of the sample site, as people read it whose language is not that of its names."""

import re
from itertools import groupby

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from tests.browser.pages import SIGHTS, send_empty
from tests.browser.sample_site import HOSTILE, PEOPLE, fill
from tests.i18n.pseudo import Pseudo
from tests.i18n.rendered import Page, Shown
from tests.i18n.untranslatable import is_text
from tests.support import Browser, change_site

# What people have called themselves and things of theirs. Its end would stand at the wrong end of
# a sentence, and U+202E would turn what follows.
NAME = "\u202eمحمد עדה!"
RENAMED = (
    ("users", "name"), ("posts", "title"), ("post_revisions", "title"),
    ("answer_templates", "name"), ("bookmark_folders", "name"), ("invitations", "note"),
    ("hidden_words", "word"),
)  # fmt: skip
USERNAMES = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, [*PEOPLE, HOSTILE, 'pia']))})(?!\w)")
# What `<bdi>` is in plain text.
ISOLATED = re.compile("\u2068[^\u2068\u2069]*\u2069")


async def test_names_keep_their_direction_and_all_else_is_translated(
    app: Broadside, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("texts", "templates"):
        monkeypatch.setattr(f"blog.core.i18n.{module}.translations", lambda _: Pseudo())
    links = await fill(app)
    await change_site(app, languages=("en", "ar"))
    for table, column in RENAMED:
        renamed = f"UPDATE {table} SET {column} = :name || ctid WHERE {column} <> ''"
        await db.execute(text(renamed), {"name": NAME})
    await db.commit()
    pages = await walk(app, links | {"comment": "1"})
    shown = {(name, each) for name, page in pages.items() for each in page.texts}
    assert not [(name, each.text) for name, each in shown if turns_what_is_around_it(each)]
    assert not [(name, each.text) for name, each in shown if is_untranslated(each)]


async def walk(app: Broadside, links: dict[str, str]) -> dict[str, Page]:
    """Each page of the sample site by its name, also with what is wrong with an empty form."""
    found = {}
    for who, sights in groupby(SIGHTS, key=lambda sight: sight.who):
        async with Browser(app) as visitor:
            visitor.headers["Accept-Language"] = "ar"
            if who is not None:
                await visitor.open_session(who)
            for sight in sights:
                answer = await visitor.get(sight.address.format_map(links), follow_redirects=True)
                assert answer.status_code < 500, sight.name
                page = found[sight.name] = Page(answer.text)
                if sight.act is send_empty:
                    form = next(form for form in page.forms if form.has_fields)
                    answer = await visitor.post(form.action or sight.address, data=form.hidden)
                    assert answer.status_code == 422, sight.name
                    found[f"{sight.name}, sent empty"] = Page(answer.text)
    return found


def turns_what_is_around_it(shown: Shown) -> bool:
    """Whether a name is not kept apart from the sentence in which it stands."""
    words = without_isolated(shown.text)
    has_name = NAME in words or USERNAMES.search(words) is not None
    return has_name and not (shown.is_isolated or shown.is_hidden)


def is_untranslated(shown: Shown) -> bool:
    """Whether a text comes from a template or from Python, and not from people or a catalog."""
    return is_text(without_isolated(shown.text)) and not (shown.is_isolated or shown.is_translated)


def without_isolated(text: str) -> str:
    """What is left of a text without the values in it, which may have values themselves."""
    while (rest := ISOLATED.sub("", text)) != text:
        text = rest
    return text
