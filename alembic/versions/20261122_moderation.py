"""moderation: hidden posts, disabled comments, comments sent twice"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c41d7e0a96b2"
down_revision: str | None = "8d2f6c0b7a14"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_posts_hidden",
        "posts",
        ["id"],
        unique=False,
        postgresql_where=sa.text("hidden_at IS NOT NULL"),
    )
    op.add_column("comments", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("comments", sa.Column("disabled_by_id", sa.BigInteger(), nullable=True))
    op.add_column("comments", sa.Column("disabled_reason", sa.Text(), nullable=True))
    op.add_column("comments", sa.Column("submission", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_comments_disabled_by_id"),
        "comments",
        "users",
        ["disabled_by_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_unique_constraint(op.f("uq_comments_submission"), "comments", ["submission"])
    op.create_check_constraint(
        op.f("ck_comments_disabled_with_a_reason"),
        "comments",
        "(disabled_at IS NULL) = (disabled_reason IS NULL)",
    )
    op.create_index(
        op.f("ix_comments_disabled_by_id"),
        "comments",
        ["disabled_by_id"],
        unique=False,
        postgresql_where=sa.text("disabled_by_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_comments_disabled_by_id"), table_name="comments")
    op.drop_column("comments", "submission")
    op.drop_column("comments", "disabled_reason")
    op.drop_column("comments", "disabled_by_id")
    op.drop_column("comments", "disabled_at")
    op.drop_column("posts", "hidden_at")
