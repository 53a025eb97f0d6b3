"""followers who are notified of new posts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5c0f7e92b4d8"
down_revision: str | None = "a7d15c3e90f4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "post_alerts",
        sa.Column("follower_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("followed_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["follower_id", "followed_id"],
            ["follows.follower_id", "follows.followed_id"],
            name=op.f("fk_post_alerts_follower_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("follower_id", "followed_id", name=op.f("pk_post_alerts")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_post_alerts_followed_id_follower_id"),
        "post_alerts",
        ["followed_id", "follower_id"],
    )


def downgrade() -> None:
    op.drop_table("post_alerts")
