"""Working copies of published posts."""

from sqlalchemy import ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class PostDraft(Base):
    """What somebody is changing of a published post, until they publish or discard it.

    A post that is not published needs none: it is changed itself.
    """

    __tablename__ = "post_drafts"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    editor_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    # The fields of the form as they were typed, which need not be valid yet.
    fields: Mapped[dict[str, str]] = mapped_column(JSONB)
    # The version of the post that they began from.
    base_version: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    saved_at: Mapped[CreatedAt]

    __table_args__ = (
        # One's own, the last changed first.
        Index(None, "editor_id", "saved_at", "post_id"),
    )
