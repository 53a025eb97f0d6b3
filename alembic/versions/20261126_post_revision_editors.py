"""the editors of revisions

Apart from the table, because a transaction that locks both posts and users deadlocks with requests.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0c6f4a91d8e2"
down_revision: str | None = "b58d20f7e3a1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_foreign_key(
        op.f("fk_post_revisions_editor_id"),
        "post_revisions",
        "users",
        ["editor_id"],
        ["id"],
        ondelete="SET NULL",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_post_revisions_editor_id"), "post_revisions", type_="foreignkey")
