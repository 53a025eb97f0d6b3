"""Registering, in the JSON API."""

from quart import Blueprint, Response
from quart_schema import document_response

from blog.accounts.registration import service
from blog.accounts.schemas import NewAccount
from blog.core.api.answers import answer
from blog.core.api.bodies import takes
from blog.core.api.idempotency import idempotent, submission
from blog.core.api.links import links
from blog.core.auth.quotas import REGISTERING, spend
from blog.core.web.app import current_app, db
from blog.core.web.submissions import SubmittedForm, submission_key
from blog.users.api import UserResource, resource

blueprint = Blueprint("registration", __name__)


@blueprint.post("/users/")
@document_response(UserResource, 201)
@takes(NewAccount)
@idempotent
async def register(data: NewAccount) -> Response:
    """Register. The account can be used once its address is confirmed by the link in a mail."""
    await spend(REGISTERING)
    form = SubmittedForm(submission=submission())
    user = await service.register(
        db(), data, current_app.passwords, current_app.links, current_app.settings.admin_email,
        reserved=current_app.reserved_usernames,
        submission=submission_key(form, "account", data.email, data.username),
    )  # fmt: skip
    made = resource(user, links())
    return answer(made, 201, Location=made.url)
