"""What administrators send."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from blog.accounts.schemas import EmailAddress, Username
from blog.core.text.validation import RequiredText, Schema
from blog.users.schemas import ProfileForm


class AccountState(StrEnum):
    """Which people a list shows, by what they can do."""

    ANY = ""
    ACTIVE = "active"
    UNCONFIRMED = "unconfirmed"
    DISABLED = "disabled"


class PeopleSearch(Schema):
    """Which people are wanted.

    `q` is what the username or the address begins with, `role` the name of a role; what is
    empty does not matter.
    """

    q: Annotated[str, Field(max_length=254)] = ""
    role: str = ""
    state: AccountState = AccountState.ANY


class RoleForm(Schema):
    """The name of somebody's new role."""

    role: RequiredText


class DisableForm(Schema):
    """Why somebody is shut out; for the audit log."""

    reason: Annotated[str, Field(max_length=500)] = ""


class AccountForm(ProfileForm):
    """All that an administrator can change of an account. `role` is a role's name."""

    email: EmailAddress
    username: Username
    confirmed: bool = False
    role: RequiredText
