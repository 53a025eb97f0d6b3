"""who is mentioned in which text

The table is new, so nobody waits for it; the next revision adds its keys to comments and users.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a6d10f3c82b7"
down_revision: str | None = "f27b4e9a60d5"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "mentions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_mentions_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
    )
    op.create_index(
        "uq_mentions_text_and_person",
        "mentions",
        ["post_id", sa.text("coalesce(comment_id, 0::bigint)"), "user_id"],
        unique=True,
    )
    for column in ("comment_id", "user_id"):
        op.create_index(
            op.f(f"ix_mentions_{column}"),
            "mentions",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(
        "ix_mentions_of_nobody", "mentions", ["id"], postgresql_where=sa.text("user_id IS NULL")
    )


def downgrade() -> None:
    op.drop_table("mentions")
