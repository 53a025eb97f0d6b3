"""working copies of published posts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "c41e9a70b82d"
down_revision: str | None = "c61d94a8f073"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "post_drafts",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("editor_id", sa.BigInteger(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_drafts_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "editor_id", name=op.f("pk_post_drafts")),
    )
    op.create_index(
        op.f("ix_post_drafts_editor_id_saved_at_post_id"),
        "post_drafts",
        ["editor_id", "saved_at", "post_id"],
    )


def downgrade() -> None:
    op.drop_table("post_drafts")
