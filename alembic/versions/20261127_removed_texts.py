"""sketches of what moderators have hidden"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "d1b76e90c43f"
down_revision: str | None = "c58e1f07a4d2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF = (("post_id", "posts.id"), ("comment_id", "comments.id"), ("held_item_id", "held_items.id"))


def upgrade() -> None:
    # In the order in which comments and posts are written.
    op.execute("LOCK TABLE comments, posts IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "removed_texts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name, _ in OF),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("bands", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        *(
            sa.ForeignKeyConstraint(
                [name], [target], name=op.f(f"fk_removed_texts_{name}"), ondelete="SET NULL"
            )
            for name, target in OF
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed_texts")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_removed_texts_bands"), "removed_texts", ["bands"], postgresql_using="gin"
    )
    op.create_index(op.f("ix_removed_texts_created_at"), "removed_texts", ["created_at"])
    for name, _ in OF:
        op.create_index(
            op.f(f"ix_removed_texts_{name}"), "removed_texts", [name],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )  # fmt: skip


def downgrade() -> None:
    op.drop_table("removed_texts")
