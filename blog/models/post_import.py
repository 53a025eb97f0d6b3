"""Imports of posts from other sites."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class ImportState(StrEnum):
    """The state of an import."""

    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


# The planner uses a partial index only if the query contains the index's condition.
UNFINISHED = text("state IN ('checking', 'checked', 'importing')")


class PostImport(Base):
    """An uploaded file whose posts are to be imported. Its owner has one at a time.

    First a job reads the whole file without writing any posts; then the owner confirms, and it is
    read again. `position` is the number of items that were read, and is committed together with
    their posts: after a crash, the job continues there.
    """

    __tablename__ = "post_imports"

    id: Mapped[RowId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[ImportState] = mapped_column(String(9), default=ImportState.CHECKING)
    file_name: Mapped[str] = mapped_column(String(200))
    # The key of the upload in the storage; NULL once it is deleted.
    upload: Mapped[str | None] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20), server_default="", default="")
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    # The number of items, once all of them have been read.
    total: Mapped[int | None] = mapped_column(Integer)
    # How many posts, drafts, scheduled posts and images there are, and how many are left out.
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}", default=dict)
    # Why it failed, for the owner.
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    # When the owner confirmed it.
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def is_finished(self) -> bool:
        """Whether it has reached a final state."""
        return self.state in {ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED}

    @property
    def can_be_retried(self) -> bool:
        """Whether it failed, although the file could be read."""
        return self.state == ImportState.FAILED and self.upload is not None

    __table_args__ = (
        CheckConstraint(
            "state IN ('checking', 'checked', 'importing', 'done', 'cancelled', 'failed')",
            name="state",
        ),
        Index(None, "owner_id", "id"),
        Index("uq_post_imports_unfinished", "owner_id", unique=True, postgresql_where=UNFINISHED),
        # To delete old imports.
        Index(None, "created_at"),
    )


class ImportRemark(Base):
    """An item, or a part of one, that an import leaves out, with the reason."""

    __tablename__ = "import_remarks"

    id: Mapped[RowId]
    import_id: Mapped[int] = mapped_column(ForeignKey("post_imports.id", ondelete="CASCADE"))
    item: Mapped[str] = mapped_column(String(200))
    remark: Mapped[str] = mapped_column(Text)
    # Whether the whole item is left out.
    is_left_out: Mapped[bool]

    __table_args__ = (Index(None, "import_id", "id"),)
