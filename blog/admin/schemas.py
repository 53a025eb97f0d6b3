"""Schemas of the administrators' forms."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from blog.accounts.schemas import EmailAddress, Username
from blog.core.text.validation import RequiredText, Schema
from blog.moderation.schemas import ReasonForm
from blog.users.schemas import ProfileForm


class AccountState(StrEnum):
    """The state of an account, as a filter."""

    ANY = ""
    ACTIVE = "active"
    UNCONFIRMED = "unconfirmed"
    DISABLED = "disabled"


class PeopleSearch(Schema):
    """The filters of the list of users.

    `q` is the start of the username or address, `role` the name of a role; an empty filter matches
    all.
    """

    q: Annotated[str, Field(max_length=254)] = ""
    role: str = ""
    state: AccountState = AccountState.ANY


class RoleForm(ReasonForm):
    """The name of the new role, and the reason."""

    role: RequiredText


class AccountForm(ProfileForm, ReasonForm):
    """All fields of an account that an administrator can change, and the reason. `role` is the name
    of a role."""

    email: EmailAddress
    username: Username
    confirmed: bool = False
    role: RequiredText
