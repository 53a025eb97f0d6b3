"""when the user of a session last proved who they are"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "3c7e91b5d2a8"
down_revision: str | None = "4d81c07be2f5"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("reauthenticated_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("sessions", "reauthenticated_at")
