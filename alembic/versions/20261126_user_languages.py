"""the languages in which people write

Apart from the fields of posts, because a transaction that locks both tables deadlocks with
requests.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e07f3a6c4b95"
down_revision: str | None = "9d2c58e6b1f4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("language", sa.String(length=35), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "language")
