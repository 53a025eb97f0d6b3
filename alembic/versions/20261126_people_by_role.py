"""people of a role, in the order of the administrators' list"""

from collections.abc import Sequence

from alembic import op

revision: str = "c2a9f4e81d76"
down_revision: str | None = "6c2f9d81b3e4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_role_id_username_lower")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_users_role_id_username_lower "
            "ON users (role_id, lower(username))"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_role_id")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_role_id")
        op.execute("CREATE INDEX CONCURRENTLY ix_users_role_id ON users (role_id)")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_role_id_username_lower")
