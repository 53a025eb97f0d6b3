"""who likes comments, and the first comments of threads by their likes"""

from collections.abc import Sequence

from alembic import op

revision: str = "9e3b7f05c8a1"
down_revision: str | None = "c4a6d1f92e70"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEX = "ix_comments_first_liked"
USER = "fk_comment_likes_user_id"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {INDEX} ON comments (post_id, like_count, id)"
            " WHERE parent_id IS NULL"
        )
    op.create_foreign_key(USER, "comment_likes", "users", ["user_id"], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    op.drop_constraint(USER, "comment_likes")
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
