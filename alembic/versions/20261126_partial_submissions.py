"""unique indexes of submissions without nulls, and room on the pages of posts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e81f5a3c9d27"
down_revision: str | None = "9b3e5d07c1a4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("api_tokens", "comments", "posts", "users")


def upgrade() -> None:
    build("partial", where=sa.text("submission IS NOT NULL"))
    op.execute("ALTER TABLE posts SET (fillfactor = 90)")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT uq_{table}_submission")
        op.execute(f"ALTER INDEX uq_{table}_submission_partial RENAME TO uq_{table}_submission")


def downgrade() -> None:
    build("whole")
    op.execute("ALTER TABLE posts RESET (fillfactor)")
    for table in TABLES:
        name = f"uq_{table}_submission"
        op.execute(f"DROP INDEX {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}_whole")


def build(kind: str, where: sa.TextClause | None = None) -> None:
    """Build the indexes that take the place of those that are there, while the site is in use."""
    with op.get_context().autocommit_block():
        for table in TABLES:
            name = f"uq_{table}_submission_{kind}"
            # What an earlier try has left is not complete.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.create_index(
                name,
                table,
                ["submission"],
                unique=True,
                postgresql_where=where,
                postgresql_concurrently=True,
            )
