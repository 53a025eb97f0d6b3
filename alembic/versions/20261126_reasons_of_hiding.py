"""why a moderator hid a post, and an index of the hidden posts of an author

Posts that are hidden already have no reason: it is in the audit log only.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "5b8e27d1c3fa"
down_revision: str | None = "d81f5a37e0c2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEX = "ix_posts_hidden_of_author"


def upgrade() -> None:
    # It may exist, if an earlier run was interrupted before its revision was recorded.
    op.execute("ALTER TABLE posts ADD COLUMN IF NOT EXISTS hidden_reason TEXT")
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {INDEX} ON posts (author_id, id) "
            "WHERE hidden_at IS NOT NULL"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
    op.drop_column("posts", "hidden_reason")
