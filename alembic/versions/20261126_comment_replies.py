"""replies to comments: the columns and their indexes

A comment without them is the first of its thread, so what is there stays as it is.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "b3e08f5a71c6"
down_revision: str | None = "c06f9d2b84e1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES = {
    "ix_comments_threads": "(post_id, coalesce(path, ARRAY[id])) INCLUDE (id, path, author_id)",
    "ix_comments_first": "(post_id, id) WHERE parent_id IS NULL",
    "ix_comments_parent_id": "(parent_id) WHERE parent_id IS NOT NULL",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for column, kind in (("parent_id", "bigint"), ("path", "bigint[]")):
            op.execute(f"ALTER TABLE comments ADD COLUMN IF NOT EXISTS {column} {kind}")
        for name, definition in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON comments {definition}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        for column in ("path", "parent_id"):
            op.execute(f"ALTER TABLE comments DROP COLUMN IF EXISTS {column}")
