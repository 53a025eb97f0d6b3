"""the index for the people who like a comment, the newest first; it replaces a shorter one"""

from collections.abc import Sequence

from alembic import op

revision: str = "a7d3e91c5b42"
down_revision: str | None = "5e0c8d72b9a4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

LISTS, SHORTER = "ix_comment_likes_comment_id_created_at_user_id", "ix_comment_likes_comment_id"


def _replace(old: str, new: str, columns: list[str]) -> None:
    with op.get_context().autocommit_block():
        # A first attempt may have been given up half-way.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {new}")
        op.create_index(new, "comment_likes", columns, postgresql_concurrently=True)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {old}")


def upgrade() -> None:
    _replace(SHORTER, LISTS, ["comment_id", "created_at", "user_id"])


def downgrade() -> None:
    _replace(LISTS, SHORTER, ["comment_id"])
