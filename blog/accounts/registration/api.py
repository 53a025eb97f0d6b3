"""Registering, in the JSON API."""

from quart import Response
from quart_schema import document_response

from blog.accounts.registration import service
from blog.accounts.registration.gate import Gate
from blog.accounts.schemas import UserCreate
from blog.core.api.bodies import validate_json
from blog.core.api.idempotency import IdempotentHeaders, idempotent, submission
from blog.core.api.links import links
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import json_response
from blog.core.auth.quotas import REGISTERING, spend
from blog.core.web.app import current_app, db
from blog.core.web.languages import language_of_newcomer
from blog.core.web.submissions import SubmittedForm, submission_key
from blog.models import Scope
from blog.users.api import UserResource, resource

blueprint = Resource("registration", __name__, tag="users")


@blueprint.post("/users/")
@requires_scope(Scope.WRITE, anonymous=True)
@document_response(UserResource, 201, IdempotentHeaders)
@validate_json(UserCreate)
@idempotent
async def create_user(data: UserCreate) -> Response:
    """Register a user.

    The account can be used once its address is confirmed by the link in a mail, and, on a site that
    decides about new members, once an administrator has approved it. A site may also require an
    invitation, or take nobody.
    """
    await spend(REGISTERING)
    form = SubmittedForm(submission=submission())
    user = await service.register(
        db(), data, current_app.passwords,
        Gate.of_site(),
        current_app.settings.admin_email,
        reserved=current_app.reserved_usernames,
        submission=submission_key(form, "account", data.email, data.username),
        language=language_of_newcomer(),
    )  # fmt: skip
    made = resource(user, links())
    return json_response(made, 201, Location=made.url)
