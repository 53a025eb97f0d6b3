"""API tokens: scopes, expiry and revocation."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.tokens.service import MOST_TOKENS, issue_token
from blog.admin.service import disable
from blog.core.auth.viewer import OPERATOR, Viewer
from blog.core.clock import now
from blog.core.db.touch import touch
from blog.core.errors import InvalidFieldsError, LimitReachedError
from blog.core.web.app import Broadside
from blog.models import ApiToken, Scope, User
from tests.jobs import do_job
from tests.support import PASSWORD, Browser, api_token, link_in, outbox

MakeUser = Callable[..., Awaitable[User]]
ANOTHER = "another correct horse"


async def issue(
    app: Broadside, user: User, name: str = "", life: timedelta = timedelta(hours=1)
) -> str:
    """Issue a token as the API does, in a session of its own."""
    async with app.app_context(), app.database.session() as session:
        viewer = Viewer.of(user)
        issued = await issue_token(session, viewer, name=name, scopes=Scope.READ, life=life)
        return issued.secret


async def test_a_token_leads_to_its_person_until_it_expires(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    secret = await issue(app, susan)
    assert secret.startswith("bsd_")
    found = await api_token(db, secret)
    assert found is not None
    assert (found.user.username, found.user.role.name) == ("susan", "User")
    assert found.allows(Scope.READ) and not found.allows(Scope.READ | Scope.WRITE)
    assert await api_token(db, secret[:-1]) is None
    assert await api_token(db, await issue(app, susan, life=timedelta(0))) is None


async def test_the_database_has_no_token_that_opens_the_api(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    secret = await issue(app, susan)
    row = (await db.execute(select(ApiToken.__table__))).one()
    assert len(row.token_hash) == 32
    assert secret not in str(row)


async def test_the_use_of_a_token_is_noted_at_most_once_a_minute(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    secret = await issue(app, susan)

    async def use() -> ApiToken:
        async with app.database.reading_session() as session:
            token = await api_token(session, secret)
            assert token is not None
            await touch(session, ApiToken.last_used_at, token.id)
            used = await api_token(session, secret)
            assert used is not None
            return used

    first = (await use()).last_used_at
    assert first is not None
    assert (await use()).last_used_at == first
    await db.execute(update(ApiToken).values(last_used_at=first - timedelta(seconds=61)))
    await db.commit()
    again = (await use()).last_used_at
    assert again is not None and again > first


async def test_nobody_waits_to_note_the_use_of_a_token(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    token = await api_token(db, await issue(app, susan))
    assert token is not None
    async with app.database.session() as other:
        await other.execute(select(ApiToken.id).with_for_update())
        async with asyncio.timeout(20):
            await touch(db, ApiToken.last_used_at, token.id)
    assert await db.scalar(select(ApiToken.last_used_at)) is None


@pytest.mark.parametrize("how", ["change", "reset", "disable"])
async def test_tokens_end_with_the_password_and_the_account(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession, how: str
) -> None:
    secret = await issue(app, susan)
    if how == "change":
        form = {"old_password": PASSWORD, "password": ANOTHER, "password2": ANOTHER}
        await susans_browser.submit("/auth/change-password", form)
        assert (await susans_browser.get("/auth/sessions")).status_code == 200
    elif how == "reset":
        await susans_browser.submit("/auth/reset", {"email": susan.email})
        link = link_in((await outbox(app))[-1])
        await susans_browser.submit(link, {"password": ANOTHER, "password2": ANOTHER})
    else:
        async with app.app_context():
            await disable(db, OPERATOR, susan.id)
    assert await api_token(db, secret) is None
    assert await db.scalar(select(func.count()).select_from(ApiToken)) == 0


async def test_logging_out_elsewhere_leaves_the_tokens(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    secret = await issue(app, susan)
    await susans_browser.submit("/auth/sessions/end-others", page="/auth/sessions")
    assert await api_token(db, secret) is not None


async def test_a_token_of_a_disabled_account_opens_nothing_however_it_was_disabled(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    secret = await issue(app, susan)
    await db.execute(update(User).values(disabled_at=now()))
    await db.commit()
    assert await api_token(db, secret) is None
    with pytest.raises(InvalidFieldsError, match="has just changed"):
        await issue(app, susan)


async def test_no_token_is_issued_for_a_password_that_was_changed_meanwhile(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    await db.execute(update(User).values(password_hash="another"))
    await db.commit()
    with pytest.raises(InvalidFieldsError, match="has just changed"):
        await issue(app, susan)


async def test_nobody_gets_more_than_fifty_named_tokens_however_many_ask_at_once(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    answers = await asyncio.gather(
        *(issue(app, susan, f"token {number}") for number in range(MOST_TOKENS + 5)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, LimitReachedError)]
    assert len(refused) == 5
    assert await db.scalar(select(func.count()).select_from(ApiToken)) == MOST_TOKENS
    with pytest.raises(LimitReachedError, match="You have 50 tokens"):
        await issue(app, susan)


async def test_a_program_that_asks_each_time_it_runs_never_meets_the_limit(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    named = await issue(app, susan, "named")
    oldest, *others = [await issue(app, susan) for _ in range(MOST_TOKENS)]
    assert await api_token(db, oldest) is None
    for secret in (named, others[0], others[-1]):
        assert await api_token(db, secret) is not None


async def test_expired_tokens_are_deleted(
    app: Broadside, susan: User, db: AsyncSession, make_user: MakeUser
) -> None:
    await issue(app, susan, life=timedelta(0))
    kept = await issue(app, await make_user("david"))
    await do_job(app, "delete_expired_tokens")
    assert await db.scalar(select(func.count()).select_from(ApiToken)) == 1
    assert await api_token(db, kept) is not None
