"""people who do not want to see how many like something"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c92e5b7f0a31"
down_revision: str | None = "b1e7c05d94f2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column(
            "hides_like_counts", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("users", "hides_like_counts")
