"""headers of mails, what they are about, and addresses that refuse them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "c3a9e51d7f20"
down_revision: str | None = "1b7d53e8a0c4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("emails", sa.Column("headers", postgresql.JSONB(), nullable=True))
    op.add_column("emails", sa.Column("post_id", sa.BigInteger(), nullable=True))
    op.add_column("emails", sa.Column("comment_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "refused_addresses",
        sa.Column("address", sa.String(length=254, collation="C"), nullable=False),
        sa.Column("days", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "refused_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_refused_addresses")),
    )
    op.create_index(op.f("ix_refused_addresses_refused_at"), "refused_addresses", ["refused_at"])


def downgrade() -> None:
    op.drop_table("refused_addresses")
    for column in ("comment_id", "post_id", "headers"):
        op.drop_column("emails", column)
