"""Permissions of administrators."""

import dataclasses

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin import service
from blog.admin.background import service as jobs_service
from blog.admin.policies import may_administer, may_disable
from blog.core.auth.viewer import NO_PERMISSION, OPERATOR, Viewer
from blog.core.errors import ForbiddenError
from blog.models import User


def test_administrators_may_disable_others_but_not_themselves(root: User, susan: User) -> None:
    administrator, member = Viewer.of(root), Viewer.of(susan)
    assert may_disable(administrator, susan)
    assert not may_disable(administrator, root)
    assert not may_disable(member, root)
    assert may_disable(OPERATOR, root)


async def test_an_administrators_token_without_the_scope_moderate_does_not_administer(
    root: User, susan: User, db: AsyncSession
) -> None:
    viewer = dataclasses.replace(Viewer.of(root), permissions=NO_PERMISSION)
    assert not may_administer(viewer)
    with pytest.raises(ForbiddenError):
        await service.change_role(db, viewer, susan.id, "Moderator")
    await db.rollback()
    with pytest.raises(ForbiddenError):
        await jobs_service.retry_all(db, viewer)
