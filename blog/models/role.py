"""Roles, and the permissions that they grant (Flask Web Development, chapter 9)."""

from enum import IntFlag
from typing import NamedTuple

from sqlalchemy import Boolean, Integer, String, false
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId


class Permission(IntFlag):
    """The permissions of users; a role has the sum of its permissions."""

    FOLLOW = 1
    COMMENT = 2
    WRITE = 4
    MODERATE = 8
    ADMIN = 16


class RoleDefinition(NamedTuple):
    """The definition of a role; new users get the default one."""

    name: str
    permissions: Permission
    is_default: bool = False


WRITER = Permission.FOLLOW | Permission.COMMENT | Permission.WRITE
ADMINISTRATOR = "Administrator"

# The roles of every site; `blog deploy` updates the table to match.
ROLES = (
    RoleDefinition("User", WRITER, is_default=True),
    RoleDefinition("Moderator", WRITER | Permission.MODERATE),
    RoleDefinition(ADMINISTRATOR, WRITER | Permission.MODERATE | Permission.ADMIN),
)


class Role(Base):
    """A named set of permissions."""

    __tablename__ = "roles"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    permissions: Mapped[int] = mapped_column(Integer)

    def grants(self, permission: Permission) -> bool:
        """Whether this role includes all of `permission`."""
        return self.permissions & permission == permission
