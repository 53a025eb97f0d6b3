"""an index of people by the time when they joined, for searching a wave of accounts"""

from collections.abc import Sequence

from alembic import op

revision: str = "5d0e8b3a71c9"
down_revision: str | None = "7c2e95b0d4a1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEX = "ix_users_created_at_id"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(f"CREATE INDEX CONCURRENTLY {INDEX} ON users (created_at, id)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
