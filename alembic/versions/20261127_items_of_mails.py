"""mails name the notifications that they tell of"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d15b7a3c90e4"
down_revision: str | None = "8c41d7e2f03b"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "emails", sa.Column("notification_items", sa.ARRAY(sa.BigInteger()), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("emails", "notification_items")
