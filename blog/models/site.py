"""The identity of this site."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class Site(Base):
    """The only row of its table, added by a migration.

    `namespace` is the base of the ids in feeds (`blog.feeds.ids`). It is chosen once, at random,
    because names and domains change.
    """

    __tablename__ = "site"

    is_only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    namespace: Mapped[UUID] = mapped_column(Uuid, server_default=text("gen_random_uuid()"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("is_only_row", name="only_row"),)
