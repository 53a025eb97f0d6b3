"""Array parameters whose length the planner doesn't know."""

from sqlalchemy import BigInteger, any_, func, select, text

from blog.core.db.arrays import array_parameter
from blog.core.web.app import Broadside

NUMBERS = select(func.generate_series(1, 1_000).label("number")).subquery()
STATEMENT = select(NUMBERS.c.number).where(
    NUMBERS.c.number == any_(array_parameter("wanted", BigInteger))
)
PLANS = text("""
    SELECT custom_plans, generic_plans FROM pg_prepared_statements
    WHERE statement LIKE '%generate_series%' AND statement NOT LIKE '%pg_prepared%'
""")


async def test_a_statement_with_an_array_is_planned_once_for_any_length(app: Broadside) -> None:
    async with app.database.reading_session() as session:
        for number in (0, 1, 100) * 10:
            wanted = list(range(1, number + 1))
            found = await session.scalars(STATEMENT, {"wanted": wanted})
            assert found.all() == wanted
        # PostgreSQL tries five plans for their values before it compares.
        assert (await session.execute(PLANS)).one() == (5, 25)
