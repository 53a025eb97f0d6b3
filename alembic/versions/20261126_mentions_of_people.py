"""which comments mention whom, in transactions that lock comments, and users, alone"""

from collections.abc import Sequence

from alembic import op

revision: str = "b1e7c05d94f2"
down_revision: str | None = "a6d10f3c82b7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEYS = {"comment_id": ("comments", "CASCADE"), "user_id": ("users", "SET NULL")}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        drop()
        for column, (table, at_deletion) in KEYS.items():
            op.create_foreign_key(
                op.f(f"fk_mentions_{column}"), "mentions", table, [column], ["id"],
                ondelete=at_deletion,
            )  # fmt: skip


def downgrade() -> None:
    with op.get_context().autocommit_block():
        drop()


def drop() -> None:
    for column in KEYS:
        op.execute(f"ALTER TABLE mentions DROP CONSTRAINT IF EXISTS fk_mentions_{column}")
