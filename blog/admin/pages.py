"""The administrators' pages: the list of users, the form for an account, and the audit log."""

from pydantic import ValidationError
from quart import Blueprint, abort, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.admin import queries, service
from blog.admin.labels import LABEL_FUNCTIONS, role_label
from blog.admin.policies import POLICIES
from blog.admin.schemas import AccountForm, PeopleSearch, RoleForm
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import admin_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.auth.reauthentication import reauthentication_required
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.core.web.requests import local_address, requested_page
from blog.models import User
from blog.moderation.schemas import ReasonForm

PEOPLE_PER_PAGE = 50
ENTRIES_PER_PAGE = 50

blueprint = Blueprint("admin", __name__)

for function in (*POLICIES, *LABEL_FUNCTIONS):
    blueprint.add_app_template_global(function)


@blueprint.get("/admin/users")
@admin_required
async def people() -> ResponseReturnValue:
    """List users. `?q=` is the start of a name or address; `?role=` and `?state=` filter."""
    try:
        search = PeopleSearch.model_validate(request.args.to_dict())
    except ValidationError:
        abort(400, _("This list of users doesn't exist."))
    roles = await queries.roles(db())
    role = next((role for role in roles if role.name == search.role), None)
    if search.role and role is None:
        abort(400, _("There's no role called %(name)s.", name=search.role))
    page = await queries.people(db(), search, role, requested_page(PEOPLE_PER_PAGE))
    return await render_template("admin/users.html", page=page, search=search, roles=roles)


@blueprint.get("/admin/users/<id:user_id>/role")
@admin_required
@reauthentication_required
async def ask_for_role(user_id: int) -> ResponseReturnValue:
    """Ask for the new role of an account, and the reason."""
    return await _question_page("role", user_id, Form(RoleForm))


@blueprint.post("/admin/users/<id:user_id>/role")
@quota(MODERATING)
@admin_required
async def change_role(user_id: int) -> ResponseReturnValue:
    """Change the role of an account to the one named `role`, for a `reason` in the audit log."""
    form = Form(RoleForm)
    if (data := await form.submitted()) is None:
        return await _question_page("role", user_id, form)
    try:
        user = await service.change_role(db(), required_viewer(), user_id, data.role, data.reason)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _question_page("role", user_id, form)
    role = role_label(user.role.name)
    await flash(_("%(name)s is now %(role)s.", name=user.username, role=role), "success")
    return _back_to_list()


@blueprint.get("/admin/users/<id:user_id>/disable")
@admin_required
@reauthentication_required
async def ask_to_disable(user_id: int) -> ResponseReturnValue:
    """Ask for the reason before an account is disabled."""
    return await _question_page("disable", user_id, Form(ReasonForm))


@blueprint.post("/admin/users/<id:user_id>/disable")
@quota(MODERATING)
@admin_required
async def disable(user_id: int) -> ResponseReturnValue:
    """Disable an account, for a `reason` in the audit log."""
    form = Form(ReasonForm)
    if (data := await form.submitted()) is None:
        return await _question_page("disable", user_id, form)
    try:
        user = await service.disable(db(), required_viewer(), user_id, data.reason)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _question_page("disable", user_id, form)
    await flash(
        _("%(name)s is now disabled and logged out everywhere.", name=user.username), "success"
    )
    return _back_to_list()


@blueprint.post("/admin/users/<id:user_id>/enable")
@quota(MODERATING)
@admin_required
async def enable(user_id: int) -> ResponseReturnValue:
    """Enable a disabled account."""
    user = await service.enable(db(), required_viewer(), user_id)
    await flash(_("%(name)s can log in again.", name=user.username), "success")
    return _back_to_list()


async def _question_page(
    act: str, user_id: int, form: Form[RoleForm] | Form[ReasonForm]
) -> ResponseReturnValue:
    """The page that asks before an act."""
    user = await _load_account(user_id)
    page = await render_template(
        f"admin/{act}.html", user=user, form=form, roles=await queries.roles(db())
    )
    return page, form.status


def _back_to_list() -> ResponseReturnValue:
    """Redirect to the list that the administrator came from (`?next=`)."""
    return redirect(local_address(request.args.get("next")) or url_for("admin.people"))


async def _load_account(user_id: int) -> User:
    user = await queries.account_by_id(db(), user_id)
    if user is None:
        raise NotFoundError(_("This user doesn't exist."))
    return user


@blueprint.get("/edit-profile/<id:user_id>")
@admin_required
@reauthentication_required
async def account(user_id: int) -> ResponseReturnValue:
    """Show the form for an account and its profile."""
    user = await _load_account(user_id)
    values = {
        "email": user.email,
        "username": user.username,
        "confirmed": "true" if user.is_confirmed else "",
        "role": user.role.name,
        "name": user.name,
        "location": user.location,
        "about_me": user.about_me,
    }
    return await _account_page(user, Form(AccountForm, values))


@blueprint.post("/edit-profile/<id:user_id>")
@quota(MODERATING)
@admin_required
async def edit_account(user_id: int) -> ResponseReturnValue:
    """Change an account and its profile."""
    form = Form(AccountForm)
    if (data := await form.submitted()) is None:
        return await _account_page(await _load_account(user_id), form)
    try:
        await service.edit_account(db(), required_viewer(), user_id, data)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _account_page(await _load_account(user_id), form)
    await flash(_("Account saved."), "success")
    return redirect(url_for("site.profile", username=data.username))


async def _account_page(user: User, form: Form[AccountForm]) -> ResponseReturnValue:
    roles = await queries.roles(db())
    page = await render_template("admin/account.html", user=user, form=form, roles=roles)
    return page, form.status


@blueprint.get("/admin/audit")
@admin_required
async def audit() -> ResponseReturnValue:
    """List the actions of administrators and moderators, newest first."""
    page = await queries.audit_entries(db(), requested_page(ENTRIES_PER_PAGE))
    return await render_template("admin/audit.html", page=page)
