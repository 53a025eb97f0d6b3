"""imports of posts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "c7d20e9b41f6"
down_revision: str | None = "5b90d3e7c1a2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NOW = sa.text("now()")
STATES = "('checking', 'checked', 'importing', 'done', 'cancelled', 'failed')"


def upgrade() -> None:
    op.create_table(
        "post_imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("upload", sa.String(length=100), nullable=True),
        sa.Column("kind", sa.String(length=20), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_post_imports_state")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_post_imports_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_imports")),
    )
    op.create_index(op.f("ix_post_imports_owner_id_id"), "post_imports", ["owner_id", "id"])
    op.create_index(
        "uq_post_imports_unfinished",
        "post_imports",
        ["owner_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('checking', 'checked', 'importing')"),
    )
    op.create_index(op.f("ix_post_imports_created_at"), "post_imports", ["created_at"])
    op.create_table(
        "import_remarks",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.String(length=200), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("is_left_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["post_imports.id"],
            name=op.f("fk_import_remarks_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_remarks")),
    )
    op.create_index(op.f("ix_import_remarks_import_id_id"), "import_remarks", ["import_id", "id"])


def downgrade() -> None:
    op.drop_table("import_remarks")
    op.drop_table("post_imports")
