"""an index by which people are found by any word of their names"""

from collections.abc import Sequence

from alembic import op

revision: str = "9d15c7f3e0b8"
down_revision: str | None = "e58b2d94c6f0"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEX = "ix_users_words"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {INDEX} ON users USING gin (to_tsvector("
            "'simple'::regconfig, search_text((name || ' ' || username) COLLATE \"default\")))"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
