"""accounts that are deleted in batches, and are passed over in lists meanwhile"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9b3e5d07c1a4"
down_revision: str | None = "4f0e7b92a6d1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What each index is built on; with the author in it, and without.
INDEXES = {
    "ix_posts_visible": (
        "posts (id) INCLUDE (author_id) WHERE hidden_at IS NULL",
        "posts (id) WHERE hidden_at IS NULL",
    ),
    "ix_comments_post_id_id": (
        "comments (post_id, id) INCLUDE (author_id)",
        "comments (post_id, id)",
    ),
}


def upgrade() -> None:
    for name, (with_author, _) in INDEXES.items():
        replace_index(name, with_author)
    op.create_table(
        "account_deletions",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_account_deletions_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_account_deletions")),
    )


def downgrade() -> None:
    for name, (_, without_author) in INDEXES.items():
        replace_index(name, without_author)
    # Whoever has left must not come back with the older code.
    op.execute("DELETE FROM users WHERE id IN (SELECT user_id FROM account_deletions)")
    op.drop_table("account_deletions")


def replace_index(name: str, definition: str) -> None:
    """Build an index while the site is in use; begun again after it was broken off, it is whole."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}_new")
        op.execute(f"CREATE INDEX CONCURRENTLY {name}_new ON {definition}")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"ALTER INDEX {name}_new RENAME TO {name}")
