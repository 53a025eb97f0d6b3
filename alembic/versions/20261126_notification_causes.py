"""what notifications are about, each in a transaction of its own, so that no two tables are locked
at once
"""

from collections.abc import Sequence

from alembic import op

revision: str = "e07a5d24f8b1"
down_revision: str | None = "c4e81b96d3a7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

LINES, ITEMS = "notifications", "notification_items"
KEYS = (
    (LINES, "user_id", "users (id)"),
    (LINES, "post_id", "posts (id)"),
    (LINES, "comment_id", "comments (id)"),
    (ITEMS, "actor_id", "users (id)"),
    (ITEMS, "post_id", "posts (id)"),
    (ITEMS, "comment_id", "comments (id)"),
    (ITEMS, "liked_post_id, actor_id", "post_likes (post_id, user_id)"),
    (ITEMS, "followed_id, actor_id", "follows (followed_id, follower_id)"),
    (ITEMS, "report_id", "reports (id)"),
    (ITEMS, "export_id", "exports (id)"),
    (ITEMS, "import_id", "post_imports (id)"),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table, columns, target in KEYS:
            name = _name(table, columns)
            op.execute(
                f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name}"
                f" FOREIGN KEY ({columns}) REFERENCES {target} ON DELETE CASCADE"
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for table, columns, _ in KEYS:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {_name(table, columns)}")


def _name(table: str, columns: str) -> str:
    return f"fk_{table}_{columns.split(',', maxsplit=1)[0]}"
