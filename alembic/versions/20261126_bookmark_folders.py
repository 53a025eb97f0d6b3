"""folders of bookmarks; the next revision puts bookmarks into them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d38f6a1c5e70"
down_revision: str | None = "c92e5b7f0a31"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bookmark_folders",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_bookmark_folders_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookmark_folders")),
    )
    op.create_index(
        "uq_bookmark_folders_name",
        "bookmark_folders",
        ["user_id", sa.text("lower(name)")],
        unique=True,
    )


def downgrade() -> None:
    op.drop_table("bookmark_folders")
