"""posts on which only people the author follows can comment"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2d8f60b3a9c7"
down_revision: str | None = "9e3b7f05c8a1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "posts",
        sa.Column(
            "comments_limited", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("posts", "comments_limited")
