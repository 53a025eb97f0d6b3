"""an export and an import that have ended are two notifications

Before, one line said what the newer of them was.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "3fa8c61e07bd"
down_revision: str | None = "b7e2d05a91c4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = "'comment', 'reply', 'mention', 'like', 'follow', 'post', 'moderation', 'report', "
NAME = "ck_notifications_kind"
SPLIT = """
    UPDATE notifications SET kind = CASE WHEN (
        SELECT export_id FROM notification_items WHERE notification_id = notifications.id
        ORDER BY id DESC LIMIT 1
    ) IS NULL THEN 'import' ELSE 'export' END
    WHERE kind = 'job'
"""
# There is one unread line of a kind.
READ = """
    UPDATE notifications AS older SET read_at = now()
    WHERE kind IN ('export', 'import') AND read_at IS NULL AND EXISTS (
        SELECT FROM notifications AS newer
        WHERE newer.user_id = older.user_id AND newer.kind IN ('export', 'import')
            AND newer.read_at IS NULL
            AND (newer.created_at, newer.id) > (older.created_at, older.id)
    )
"""
JOIN = "UPDATE notifications SET kind = 'job' WHERE kind IN ('export', 'import')"


def upgrade() -> None:
    _change("'export', 'import'", SPLIT)


def downgrade() -> None:
    _change("'job'", READ, JOIN)


def _change(kinds: str, *updates: str) -> None:
    """Allow other kinds, without reading the table under its lock."""
    op.execute(f"ALTER TABLE notifications DROP CONSTRAINT {NAME}")
    op.execute(
        f"ALTER TABLE notifications ADD CONSTRAINT {NAME}"
        f" CHECK (kind IN ({KINDS}{kinds})) NOT VALID"
    )
    with op.get_context().autocommit_block():
        for update in updates:
            op.execute(update)
        op.execute(f"ALTER TABLE notifications VALIDATE CONSTRAINT {NAME}")
