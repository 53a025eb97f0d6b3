"""What a moderator sends twice takes effect once."""

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import AuditEntry, BulkAct, Email, Measure, ModeratorNote, User
from tests.moderation.test_waves import ADDRESS, FORM
from tests.support import Browser

PERSON = "/moderate/people/{id}"
REMINDER = {"kind": "remind", "reason": "Ads"}
# The address of the form, what the page before it is asked for, what is sent, what it adds.
FORMS: list[tuple[str, str, dict[str, str] | None, dict[str, str], Any]] = [
    (f"{PERSON}/notes", PERSON, None, {"text": "Careful"}, ModeratorNote),
    (PERSON, PERSON, REMINDER, {**REMINDER, "confirmed": "1"}, Measure),
    (ADDRESS, ADDRESS, {**FORM, "names": "david", "act": ""},
     {**FORM, "names": "david"}, BulkAct),
]  # fmt: skip


@pytest.mark.parametrize(("address", "page", "asked", "sent", "table"), FORMS)
async def test_a_form_of_moderators_that_is_sent_twice_takes_effect_once(
    moderators_browser: Browser, db: AsyncSession, david: User, address: str, page: str,
    asked: dict[str, str] | None, sent: dict[str, str], table: Any,
) -> None:  # fmt: skip
    maud, address, page = moderators_browser, address.format(id=david.id), page.format(id=david.id)
    if asked is None:
        shown = await maud.get(page)
    else:
        shown = await maud.submit(page, {key: value for key, value in asked.items() if value})
    assert shown.status_code == 200, shown.text
    keys = re.findall(r'name="submission" value="([^"]+)"', shown.text)
    form = {**sent, "submission": keys[-1]}
    answers = await asyncio.gather(*(maud.submit(address, form, page=page) for _ in range(2)))
    assert [each.status_code for each in answers] == [302, 302], answers[1].text
    assert answers[0].headers["location"] == answers[1].headers["location"]
    number = select(func.count()).select_from(table)
    assert await db.scalar(number) == 1
    if table is not ModeratorNote:
        assert await db.scalar(select(func.count()).select_from(AuditEntry)) == 1
    if table is Measure:
        assert await db.scalar(select(func.count()).select_from(Email)) == 1
    # Another one, with the same words, is another one.
    again = await maud.submit(address, {**sent, "submission": "another"}, page=page)
    assert again.status_code == 302, again.text
    await db.rollback()
    assert await db.scalar(number) == 2
