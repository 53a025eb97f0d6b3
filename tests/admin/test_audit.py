"""The audit log."""

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin import service
from blog.admin.labels import ACTS, DETAILS, detail_values
from blog.core.auth.viewer import OPERATOR
from blog.core.site_settings.values import SiteSettings
from blog.models import Act, AuditEntry, User
from tests.support import Browser


async def disable(browser: Browser, user: User, reason: str = "spam") -> None:
    await browser.submit(f"/admin/users/{user.id}/disable", {"reason": reason}, page="/admin/users")


async def test_administrators_read_who_did_what_to_whom(
    roots_browser: Browser, susan: User
) -> None:
    await disable(roots_browser, susan, "<b>spam</b>")
    answer = await roots_browser.get("/admin/audit")
    for shown in ("/user/root", "Disable account", "/user/susan", "&lt;b&gt;spam&lt;/b&gt;"):
        assert shown in answer.text
    assert 'desc="2 statements"' in answer.headers["server-timing"]


async def test_an_entry_outlives_the_people_in_it(
    roots_browser: Browser, admins_browser: Browser, susan: User, root: User, db: AsyncSession
) -> None:
    await disable(roots_browser, susan)
    await db.execute(delete(User).where(User.id.in_([susan.id, root.id])))
    await db.commit()
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.actor_id, entry.subject_id) == (None, None)
    assert (entry.actor_name, entry.subject_name) == ("root", "susan")
    page = (await admins_browser.get("/admin/audit")).text
    assert "susan" in page and "/user/susan" not in page


async def test_actions_of_the_operator_are_audited(susan: User, db: AsyncSession) -> None:
    await service.change_role(db, OPERATOR, susan.id, "Moderator")
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.actor_id, entry.actor_name) == (None, "(command line)")


def test_every_action_and_setting_has_a_label_that_can_be_translated() -> None:
    assert ACTS.keys() == set(Act)
    assert SiteSettings.model_fields.keys() - {"version"} <= DETAILS.keys()


def test_details_are_written_for_people() -> None:
    for name, value, shown in (
        ("posts", 1234, ["1,234"]), ("post", 1234, ["1234"]), ("until", "2026-11-27",
        ["27 November 2026"]), ("feeds", [True, False], ["yes", "no"]),
        ("changed", ["about_me", "role"], ["About me and Role"]), ("role", ["User", "Chief"],
        ["User", "Chief"]),
    ):  # fmt: skip
        assert detail_values(name, value) == shown


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entries",
        "UPDATE audit_entries SET actor_name = 'nobody'",
        "UPDATE audit_entries SET details = '{}', subject_id = NULL",
        "UPDATE audit_entries SET actor_id = subject_id",
    ],
)
async def test_nobody_can_change_an_entry(
    roots_browser: Browser, susan: User, db: AsyncSession, statement: str
) -> None:
    await disable(roots_browser, susan)
    with pytest.raises(DBAPIError, match="only ever added"):
        await db.execute(text(statement))
