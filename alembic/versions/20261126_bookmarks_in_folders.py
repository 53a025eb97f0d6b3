"""bookmarks in folders

Each statement is a transaction, and can be run again.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "e51b94c7d026"
down_revision: str | None = "d38f6a1c5e70"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        drop()
        op.execute("ALTER TABLE bookmarks ADD COLUMN folder_id bigint")
        op.execute(
            "ALTER TABLE bookmarks ADD CONSTRAINT fk_bookmarks_folder_id FOREIGN KEY (folder_id)"
            " REFERENCES bookmark_folders (id) ON DELETE SET NULL NOT VALID"
        )
        op.execute("ALTER TABLE bookmarks VALIDATE CONSTRAINT fk_bookmarks_folder_id")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_bookmarks_of_folder"
            " ON bookmarks (folder_id, created_at, post_id) WHERE folder_id IS NOT NULL"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        drop()


def drop() -> None:
    op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_bookmarks_of_folder")
    op.execute("ALTER TABLE bookmarks DROP COLUMN IF EXISTS folder_id")
