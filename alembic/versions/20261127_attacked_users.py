"""when someone last tried many wrong passwords for an account"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "1e64f3b9a2d7"
down_revision: str | None = "b71e5c90d3a8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("attacked_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("users", "attacked_at")
