"""The settings that administrators change at `/admin/settings`."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class SiteSetting(Base):
    """A setting that was changed; a setting without a row has its default.

    `version` is the number of the change that wrote it. Changes are numbered over all settings,
    with the row of `site` locked, so the largest number is the version of the site's settings.
    """

    __tablename__ = "site_settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
