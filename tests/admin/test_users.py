"""The administrators' list of users: finding people, roles, disabling."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import AuditEntry, LoginSession, Permission, Role, User
from tests.support import PASSWORD, Browser

MakeUser = Callable[..., Awaitable[User]]
SHOWN = re.compile(r'<th scope="row">.*?href="/user/([^"]+)"', re.DOTALL)


async def shown(browser: Browser, query: str = "") -> list[str]:
    """The names on the list, in its order."""
    answer = await browser.get(f"/admin/users{query}")
    assert answer.status_code == 200
    return SHOWN.findall(answer.text)


async def role_of(db: AsyncSession, username: str) -> str | None:
    return await db.scalar(select(Role.name).join(User).where(User.username == username))


async def test_people_are_found_by_the_beginning_of_name_or_address(
    roots_browser: Browser, make_user: MakeUser
) -> None:
    for name in ("Susan", "susanne", "bob", "Suse"):
        await make_user(name)
    assert await shown(roots_browser) == ["bob", "root", "Susan", "susanne", "Suse"]
    assert await shown(roots_browser, "?q=SUSAN") == ["Susan", "susanne"]
    assert await shown(roots_browser, "?q=bob@EXAMPLE.com") == ["bob"]
    assert await shown(roots_browser, "?q=usan") == []
    assert await shown(roots_browser, "?q=%25") == []
    assert await shown(roots_browser, "?q=_ob") == []


async def test_people_are_narrowed_down_by_role_and_state(
    roots_browser: Browser, make_user: MakeUser
) -> None:
    await make_user("susan")
    await make_user("mod", role="Moderator")
    await make_user("new", confirmed=False)
    await make_user("gone", disabled_at=now())
    await make_user("gonenew", disabled_at=now(), confirmed=False)
    assert await shown(roots_browser, "?role=Moderator") == ["mod"]
    assert await shown(roots_browser, "?state=unconfirmed") == ["new"]
    assert await shown(roots_browser, "?state=disabled") == ["gone", "gonenew"]
    assert await shown(roots_browser, "?state=active") == ["mod", "root", "susan"]
    assert await shown(roots_browser, "?state=active&role=User&q=s") == ["susan"]


@pytest.mark.parametrize("query", ["?state=odd", "?role=Queen", "?q=" + "q" * 255])
async def test_a_list_that_cannot_be_is_refused(roots_browser: Browser, query: str) -> None:
    assert (await roots_browser.get(f"/admin/users{query}")).status_code == 400


async def test_a_long_list_has_pages_that_keep_the_search(
    roots_browser: Browser, db: AsyncSession, root: User
) -> None:
    db.add_all(
        User(
            username=f"u{number:03}",
            email=f"u{number:03}@example.com",
            password_hash="",
            role_id=root.role_id,
        )
        for number in range(60)
    )
    await db.commit()
    first = await roots_browser.get("/admin/users?q=u&state=unconfirmed")
    assert len(SHOWN.findall(first.text)) == 50
    assert 'desc="3 statements"' in first.headers["server-timing"]
    found = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert found
    following = await roots_browser.get(found[1].replace("&amp;", "&"))
    assert SHOWN.findall(following.text) == [f"u{number:03}" for number in range(50, 60)]


async def test_people_are_found_by_their_name_after_usernames_and_addresses(
    roots_browser: Browser, make_user: MakeUser
) -> None:
    await make_user("zoe", name="Anna Apfel")
    await make_user("bob", name="ANNA Zimmer")
    await make_user("anna", name="Anna")
    await make_user("carl", name="Änne")
    assert await shown(roots_browser, "?q=anna") == ["anna", "zoe", "bob"]
    # Her username follows her name.
    assert await shown(roots_browser, "?q=Anna+A") == ["zoe", "anna"]
    assert await shown(roots_browser, "?q=ä") == ["carl"]
    assert await shown(roots_browser, "?q=bob") == ["bob"]


async def test_people_are_found_by_their_surname_after_those_whose_name_begins_with_it(
    roots_browser: Browser, make_user: MakeUser
) -> None:
    await make_user("zoe", name="Anna María Lopez")
    await make_user("bob", name="Lopez Bob")
    await make_user("carl", name="Carl López")
    await make_user("mei", name="小明 王")
    await make_user("mark", name="Mark O'Neil, Jr.")
    assert await shown(roots_browser, "?q=lopez") == ["bob", "zoe", "carl"]
    assert await shown(roots_browser, "?q=LÓPEZ") == ["zoe", "carl", "bob"]
    assert await shown(roots_browser, "?q=maria+lo") == ["zoe"]
    assert await shown(roots_browser, "?q=lopez+maria") == []
    assert await shown(roots_browser, "?q=王") == ["mei"]
    assert await shown(roots_browser, "?q=o'neil%2C") == ["mark"]
    assert await shown(roots_browser, "?q=opez") == []


async def test_a_role_is_changed_where_one_was_and_written_down(
    roots_browser: Browser, susan: User, db: AsyncSession
) -> None:
    answer = await roots_browser.submit(
        f"/admin/users/{susan.id}/role?next=/admin/users?q%3Dsu",
        {"role": "Moderator", "reason": "Helps a lot"},
        page="/admin/users",
    )
    assert (answer.status_code, answer.headers["location"]) == (302, "/admin/users?q=su")
    assert await role_of(db, "susan") == "Moderator"
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.actor_name, entry.act, entry.subject_name) == ("root", "change role", "susan")
    assert entry.details == {"role": ["User", "Moderator"], "reason": "Helps a lot"}


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_the_way_back_stays_on_this_site(
    roots_browser: Browser, susan: User, target: str
) -> None:
    answer = await roots_browser.submit(
        f"/admin/users/{susan.id}/enable?next={quote(target)}", page="/admin/users"
    )
    assert answer.headers["location"] == "/admin/users"


async def test_giving_the_same_role_again_is_no_act(
    roots_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await roots_browser.submit(
        f"/admin/users/{susan.id}/role", {"role": "User", "reason": "x"}, page="/admin/users"
    )
    assert await db.scalar(select(func.count()).select_from(AuditEntry)) == 0


@pytest.mark.parametrize("role", ["Queen", ""])
async def test_there_must_be_such_a_role(
    roots_browser: Browser, susan: User, db: AsyncSession, role: str
) -> None:
    address = f"/admin/users/{susan.id}/role"
    answer = await roots_browser.submit(address, {"role": role, "reason": "x"})
    assert answer.status_code == 422
    assert 'id="role-error"' in answer.text
    assert await role_of(db, "susan") == "User"


@pytest.mark.parametrize("act", ["role", "disable", "enable"])
async def test_a_person_who_is_gone_is_not_found(roots_browser: Browser, act: str) -> None:
    answer = await roots_browser.submit(
        f"/admin/users/4711/{act}", {"role": "User", "reason": "x"}, page="/admin/users"
    )
    assert answer.status_code == 404


async def test_disabling_logs_out_at_once_and_keeps_out_until_enabled(
    app: Broadside, roots_browser: Browser, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    assert (await susans_browser.get("/edit-profile")).status_code == 200
    await roots_browser.submit(
        f"/admin/users/{susan.id}/disable", {"reason": "spam"}, page="/admin/users"
    )
    sessions = select(func.count()).where(LoginSession.user_id == susan.id)
    assert await db.scalar(sessions) == 0
    assert (await susans_browser.get("/edit-profile")).status_code == 302
    async with Browser(app) as again:
        form = {"email": "susan", "password": PASSWORD}
        assert (await again.submit("/auth/login", form)).status_code != 302
        await roots_browser.submit(f"/admin/users/{susan.id}/enable", page="/admin/users")
        await again.log_in("susan")
    entries = (await db.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert [(entry.act, entry.details) for entry in entries] == [
        ("disable account", {"reason": "spam"}),
        ("enable account", {}),
    ]


@pytest.mark.parametrize("act", ["role", "disable"])
async def test_what_is_done_to_an_account_is_asked_once_with_a_reason(
    roots_browser: Browser, susan: User, db: AsyncSession, act: str
) -> None:
    address = f"/admin/users/{susan.id}/{act}"
    assert f'href="{address}' in (await roots_browser.get(f"/edit-profile/{susan.id}")).text
    question = await roots_browser.get(address)
    assert "susan" in question.text
    for reason in ("", "  ", "x" * 501):
        answer = await roots_browser.submit(address, {"role": "Moderator", "reason": reason})
        assert answer.status_code == 422
        assert 'id="reason-error"' in answer.text
    assert await role_of(db, "susan") == "User"
    assert (await db.get_one(User, susan.id)).disabled_at is None
    assert await db.scalar(select(func.count()).select_from(AuditEntry)) == 0


async def test_a_disabled_person_may_do_nothing() -> None:
    role = Role(name="Administrator", permissions=31)
    person = User(role=role, confirmed_at=now(), disabled_at=now())
    assert person.permissions == Permission(0)


async def test_nobody_disables_the_own_account(
    roots_browser: Browser, admins_browser: Browser, root: User, db: AsyncSession
) -> None:
    answer = await roots_browser.submit(f"/admin/users/{root.id}/disable", {"reason": "x"})
    assert answer.status_code == 422
    assert "disable your own" in answer.text
    assert (await db.get_one(User, root.id)).disabled_at is None


async def test_the_last_administrator_stays_one(
    roots_browser: Browser, root: User, db: AsyncSession, make_user: MakeUser
) -> None:
    await make_user("unconfirmed", role="Administrator", confirmed=False)
    await make_user("disabled", role="Administrator", disabled_at=now())
    form = {"role": "User", "reason": "x"}
    refused = await roots_browser.submit(f"/admin/users/{root.id}/role", form)
    assert "only administrator" in refused.text
    assert await role_of(db, "root") == "Administrator"


async def test_of_two_administrators_who_demote_each_other_one_remains(
    roots_browser: Browser, admins_browser: Browser, root: User, db: AsyncSession
) -> None:
    admin_id = await db.scalar(select(User.id).where(User.username == "admin"))
    for _ in range(5):
        form = {"role": "User", "reason": "x"}
        tokens = [
            await browser.token("/admin/users") for browser in (roots_browser, admins_browser)
        ]
        await asyncio.gather(
            roots_browser.post(
                f"/admin/users/{admin_id}/role", data=form | {"csrf_token": tokens[0]}
            ),
            admins_browser.post(
                f"/admin/users/{root.id}/role", data=form | {"csrf_token": tokens[1]}
            ),
        )
        roles = [await role_of(db, name) for name in ("root", "admin")]
        assert sorted(map(str, roles)) == ["Administrator", "User"]
        winner, other = ("root", admin_id) if roles[0] == "Administrator" else ("admin", root.id)
        winners_browser = roots_browser if winner == "root" else admins_browser
        await winners_browser.submit(
            f"/admin/users/{other}/role",
            {"role": "Administrator", "reason": "x"},
            page="/admin/users",
        )
