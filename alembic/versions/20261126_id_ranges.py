"""ranges of ids, in which comments and people are counted, instead of blocks

Processes of the version before, and the triggers until the next revision, find them by their old
name. Each table is renamed in a transaction of its own: some lock the one first, some the other.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "83f1d6c09ab4"
down_revision: str | None = "d19a5c3e7f60"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("comment", "user")
RENAME = """
DO $$ BEGIN
    IF to_regclass('{table}_ranges') IS NULL THEN
        ALTER TABLE {table}_blocks RENAME TO {table}_ranges;
        ALTER TABLE {table}_ranges RENAME CONSTRAINT pk_{table}_blocks TO pk_{table}_ranges;
        CREATE VIEW {table}_blocks AS SELECT number, visible FROM {table}_ranges;
    END IF;
END $$
"""
RENAME_BACK = """
DO $$ BEGIN
    IF to_regclass('{table}_ranges') IS NOT NULL THEN
        DROP VIEW {table}_blocks;
        ALTER TABLE {table}_ranges RENAME TO {table}_blocks;
        ALTER TABLE {table}_blocks RENAME CONSTRAINT pk_{table}_ranges TO pk_{table}_blocks;
    END IF;
END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table in TABLES:
            op.execute(RENAME.format(table=table))


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for table in TABLES:
            op.execute(RENAME_BACK.format(table=table))
