"""Decorators that restrict who may call a view, for pages and the API.

They check `current_viewer()`. They go below the route, which has to register the checked view:

    @blueprint.get("/moderate")
    @permission_required(Permission.MODERATE)
    async def moderate() -> ResponseReturnValue: ...
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec

from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer, required_account
from blog.core.auth.reauthentication import reauthentication_required_for_changes
from blog.core.errors import ForbiddenError, SecondFactorRequiredError, UnconfirmedError
from blog.models import Permission

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, Awaitable[ResponseReturnValue]]


def confirmed_required(view: View[Arguments]) -> View[Arguments]:
    """Allow users who are logged in and have confirmed their address.

    The view then raises `quart_auth.Unauthorized` for an anonymous viewer and
    `UnconfirmedError` for an unconfirmed one.
    """

    @functools.wraps(view)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        if not required_account().is_confirmed:
            raise UnconfirmedError
        return await view(*args, **kwargs)

    return checked


def permission_required(
    permission: Permission,
) -> Callable[[View[Arguments]], View[Arguments]]:
    """Allow viewers who have all of `permission`.

    The view then raises `quart_auth.Unauthorized` for an anonymous viewer and
    `ForbiddenError` for others without the permission, or `SecondFactorRequiredError` for those who
    lack it because they have no second factor.
    """

    def decorate(view: View[Arguments]) -> View[Arguments]:
        @functools.wraps(view)
        async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
            viewer = current_viewer()
            if permission & viewer.withheld:
                raise SecondFactorRequiredError
            if not viewer.can(permission):
                raise ForbiddenError
            return await view(*args, **kwargs)

        return confirmed_required(checked)

    return decorate


def admin_required(view: View[Arguments]) -> View[Arguments]:
    """Allow administrators. Requests that change something need reauthentication."""
    return permission_required(Permission.ADMIN)(reauthentication_required_for_changes(view))
