"""Working copies of published posts."""

from sqlalchemy import ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class PostDraft(Base):
    """Unpublished changes to a published post, which the editor will publish or discard.

    An unpublished post has no draft: it is changed directly.
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
    # The version of the post that they are based on.
    base_version: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    saved_at: Mapped[CreatedAt]

    __table_args__ = (
        # The drafts of an editor, the last changed first.
        Index(None, "editor_id", "saved_at", "post_id"),
    )
