"""The administrators' form for a user's account."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import AuditEntry, User
from tests.support import Browser, outbox

MakeUser = Callable[..., Awaitable[User]]


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    """The form's fields with `changes`."""
    form = {
        "email": user.email,
        "username": user.username,
        "confirmed": "true",
        "role": "User",
        "name": user.name,
        "location": user.location,
        "about_me": user.about_me,
        "reason": "They asked for it",
    }
    return {name: value for name, value in (form | changes).items() if value is not None}


async def test_an_administrator_changes_everything_of_an_account(
    app: Broadside, roots_browser: Browser, susan: User, db: AsyncSession
) -> None:
    answer = await roots_browser.submit(
        f"/edit-profile/{susan.id}",
        form_of(
            susan, email="Sue@Example.com", username="Sue", role="Moderator",
            name="Sue S.", location="Here", about_me="Me", confirmed=None,
        ),
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (302, "/user/Sue")
    changed = await db.get_one(User, susan.id)
    assert (changed.email, changed.username, changed.is_confirmed) == (
        "sue@example.com", "Sue", False,
    )  # fmt: skip
    (mail,) = await outbox(app)
    assert (mail.recipient, mail.purpose) == ("susan@example.com", "email_changed")
    form = (await roots_browser.get(f"/edit-profile/{susan.id}")).text
    assert '<option value="Moderator" selected>' in form


async def test_the_audit_log_tells_what_was_changed_but_nothing_private(
    roots_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await roots_browser.submit(
        f"/edit-profile/{susan.id}",
        form_of(susan, email="sue@example.com", username="sue", role="Moderator", name="Sue S."),
    )
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.actor_name, entry.act, entry.subject_name) == ("root", "edit profile", "susan")
    assert entry.details == {
        "changed": ["email", "name", "role", "username"],
        "role": ["User", "Moderator"],
        "reason": "They asked for it",
        "username": ["susan", "sue"],
    }


async def test_saving_without_a_change_is_no_act(
    roots_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await roots_browser.submit(f"/edit-profile/{susan.id}", form_of(susan))
    assert (await db.scalars(select(AuditEntry))).all() == []
    assert (await db.get_one(User, susan.id)).confirmed_at == susan.confirmed_at


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"email": "ROOT@example.com"}, "already an account with this email address."),
        ({"username": "ROOT"}, "This username is taken."),
        ({"email": "not an address"}, "an email address."),
        ({"username": "1 two"}, "Start with a letter"),
        ({"role": "Queen"}, "no role called Queen."),
        ({"name": "n" * 65}, "at most 64 characters"),
    ],
)
async def test_errors_are_shown_beside_their_fields(
    roots_browser: Browser, susan: User, db: AsyncSession, changes: dict[str, str], message: str
) -> None:
    answer = await roots_browser.submit(f"/edit-profile/{susan.id}", form_of(susan, **changes))
    assert answer.status_code == 422
    assert message in answer.text
    (name, typed), *_ = changes.items()
    assert f'id="{name}-error"' in answer.text
    assert name == "role" or typed in answer.text
    assert (await db.scalars(select(AuditEntry))).all() == []


async def test_a_taken_name_for_ones_own_account_is_a_message_too(
    roots_browser: Browser, root: User, susan: User
) -> None:
    answer = await roots_browser.submit(
        f"/edit-profile/{root.id}", form_of(root, role="Administrator", username="Susan")
    )
    assert answer.status_code == 422
    assert "This username is taken." in answer.text


async def test_of_two_who_take_a_name_at_the_same_moment_one_is_told(
    roots_browser: Browser, admins_browser: Browser, make_user: MakeUser
) -> None:
    people = [await make_user(name) for name in ("one", "two")]
    browsers = (roots_browser, admins_browser)
    tokens = [await browser.token("/admin/users") for browser in browsers]
    answers = await asyncio.gather(
        *(
            browser.post(
                f"/edit-profile/{person.id}",
                data=form_of(person, username="Best", csrf_token=token),
            )
            for browser, person, token in zip(browsers, people, tokens, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [302, 422]


@pytest.mark.parametrize(
    "changes", [{"role": "User"}, {"confirmed": None, "role": "Administrator"}]
)
async def test_the_last_administrator_keeps_role_and_confirmation(
    roots_browser: Browser, root: User, db: AsyncSession, changes: dict[str, Any]
) -> None:
    answer = await roots_browser.submit(f"/edit-profile/{root.id}", form_of(root, **changes))
    assert answer.status_code == 422
    assert "only administrator" in answer.text
    assert (await roots_browser.get("/admin/users")).status_code == 200


async def test_a_person_who_is_gone_is_not_found(roots_browser: Browser, root: User) -> None:
    assert (await roots_browser.get("/edit-profile/4711")).status_code == 404
    answer = await roots_browser.submit(
        "/edit-profile/4711", form_of(root, username="x", email="x@example.com"),
        page="/admin/users",
    )  # fmt: skip
    assert answer.status_code == 404
