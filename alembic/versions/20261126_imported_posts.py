"""which posts were imported"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d81f5a37e0c2"
down_revision: str | None = "c7d20e9b41f6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "imported_posts",
        sa.Column("owner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_imported_posts_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("owner_id", "key", name=op.f("pk_imported_posts")),
    )
    op.create_index(op.f("ix_imported_posts_post_id"), "imported_posts", ["post_id"])


def downgrade() -> None:
    op.drop_table("imported_posts")
