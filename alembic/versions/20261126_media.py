"""images"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "8a41c0d97e35"
down_revision: str | None = "f52a7be3d184"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "media_files",
        sa.Column("name", sa.String(length=32, collation="C"), nullable=False),
        sa.Column("generation", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(length=6), nullable=False),
        sa.Column("variants", postgresql.JSONB(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "state IN ('processing', 'ready', 'failed')", name=op.f("ck_media_files_state")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_media_files")),
    )
    op.create_table(
        "media",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("alt", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("caption", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_media_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["name"], ["media_files.name"], name=op.f("fk_media_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
    )
    op.create_index("uq_media_owner_id_name", "media", ["owner_id", "name"], unique=True)
    op.create_index(
        op.f("ix_media_owner_id_id"), "media", ["owner_id", "id"], postgresql_include=["bytes"]
    )
    op.create_index(op.f("ix_media_name"), "media", ["name"])


def downgrade() -> None:
    op.drop_table("media")
    op.drop_table("media_files")
