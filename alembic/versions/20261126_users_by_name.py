"""an index by which administrators find users by their name"""

from collections.abc import Sequence

from alembic import op

revision: str = "c3e95a18d0f7"
down_revision: str | None = "8d4f60b7a2ce"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEX = "ix_users_name_and_username"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {INDEX} ON users "
            '(((lower(name) || chr(1) || lower(username)) COLLATE "C"))'
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
