"""`blog token …`"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import ApiToken, User
from tests.accounts.test_tokens import issue
from tests.cli.conftest import Command
from tests.cli.test_users import deeds
from tests.support import api_token


async def test_the_tokens_of_a_person_are_listed_without_their_secrets(
    app: Broadside, susan: User, blog: Command
) -> None:
    secrets = [await issue(app, susan, name) for name in ("backup", "phone")]
    code, output = await blog("token", "list", "--user", "Susan")
    assert code == 0, output
    lines = [line.split("\t") for line in output.splitlines()]
    assert [line[:4] for line in lines] == [
        ["2", "phone", "read", "never used"],
        ["1", "backup", "read", "never used"],
    ]
    assert not any(secret in output for secret in secrets)


async def test_one_token_is_revoked_by_its_id(
    app: Broadside, susan: User, blog: Command, db: AsyncSession
) -> None:
    kept, revoked = await issue(app, susan), await issue(app, susan)
    assert await blog("token", "revoke", "2") == (0, "Revoked 1 token of susan.\n")
    assert await api_token(db, revoked) is None
    assert await api_token(db, kept) is not None
    assert await deeds(db) == [("(command line)", "revoke API tokens", "susan", {"token": 2})]
    code, output = await blog("token", "revoke", "2")
    assert code == 1
    assert "This token doesn't exist" in output


async def test_all_tokens_of_a_person_are_revoked(
    app: Broadside, susan: User, blog: Command, db: AsyncSession
) -> None:
    for _ in range(2):
        await issue(app, susan)
    assert await blog("token", "revoke", "--user", susan.email) == (
        0,
        "Revoked 2 tokens of susan.\n",
    )
    assert (await db.scalars(select(ApiToken))).all() == []
    assert await deeds(db) == [("(command line)", "revoke API tokens", "susan", {"number": 2})]


async def test_revoking_needs_an_id_or_a_user(susan: User, blog: Command) -> None:
    for words in ((), ("1", "--user", "susan")):
        code, output = await blog("token", "revoke", *words)
        assert code == 2
        assert "either the ID of a token or --user" in output
