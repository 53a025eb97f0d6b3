"""Array parameters of statements that are executed with arrays of any length."""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, bindparam, func, select
from sqlalchemy.sql.type_api import TypeEngine


def array_parameter(name: str, element: type[TypeEngine[Any]]) -> ColumnElement[Any]:
    """A parameter for `column = ANY (…)` whose length PostgreSQL doesn't know when it plans.

    A prepared statement is planned once if that is as good as a plan for the values of each
    execution. For an array it would be planned for ten elements, which is never as good as a plan
    for a shorter one: so it would be planned each time, which takes longer than to execute it.

    Args:
        name: of the parameter.
        element: the type of the elements.
    """
    given = bindparam(name, type_=ARRAY(element))
    return func.array(select(func.unnest(given)).scalar_subquery())
