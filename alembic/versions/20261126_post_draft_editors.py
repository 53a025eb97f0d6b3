"""the editors of working copies

Apart from the table, because a transaction that locks both posts and users deadlocks with requests.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "9d2c58e6b1f4"
down_revision: str | None = "c41e9a70b82d"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_foreign_key(
        op.f("fk_post_drafts_editor_id"),
        "post_drafts",
        "users",
        ["editor_id"],
        ["id"],
        ondelete="CASCADE",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_post_drafts_editor_id"), "post_drafts", type_="foreignkey")
