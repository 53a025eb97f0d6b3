"""how far a post has been mailed to the subscribers of its author"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "4d60c2e9b71f"
down_revision: str | None = "8e27b4f0a6d3"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "post_mailings",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("last_subscription_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_mailings_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_mailings")),
    )


def downgrade() -> None:
    op.drop_table("post_mailings")
