"""Array parameters of statements that are executed with arrays of any length."""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, bindparam, func, select
from sqlalchemy.sql.type_api import TypeEngine


def array_parameter(name: str, element: type[TypeEngine[Any]]) -> ColumnElement[Any]:
    """A parameter for `column = ANY (…)` whose length PostgreSQL doesn't know when it plans.

    PostgreSQL keeps one plan for a prepared statement if it seems as cheap as plans for the values
    of each execution. For an array it assumes ten elements, so a plan for a shorter array always
    seems cheaper, and the statement would be planned each time, which takes longer than running it.

    Args:
        name: the name of the parameter.
        element: the type of the elements.
    """
    given = bindparam(name, type_=ARRAY(element))
    return func.array(select(func.unnest(given)).scalar_subquery())
