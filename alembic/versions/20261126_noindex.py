"""people who do not want to be found by search engines"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e2a94f7b6d18"
down_revision: str | None = "b7f2e09d3c15"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("noindex", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("users", "noindex")
