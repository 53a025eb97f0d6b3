"""What a load balancer asks."""

from sqlalchemy import text

from blog.web.app import Broadside
from tests.support import Browser


async def test_a_running_process_is_alive_without_the_database(browser: Browser) -> None:
    answer = await browser.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert '"0 statements"' in answer.headers["server-timing"]


async def test_a_process_is_ready_when_the_schema_is_the_newest(
    app: Broadside, browser: Browser
) -> None:
    assert (await browser.get("/readyz")).json() == {"status": "ready"}
    async with app.database.engine.begin() as connection:
        newest = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        await connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        answer = await browser.get("/readyz")
    finally:
        async with app.database.engine.begin() as connection:
            await connection.execute(
                text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest}
            )
    assert (answer.status_code, answer.json()) == (503, {"status": "the schema is not up to date"})
