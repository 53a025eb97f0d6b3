"""the language in which a subscriber gets an author's posts by mail"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a93d5c1e7f24"
down_revision: str | None = "5d0e8b3a71c9"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("language", sa.String(35), nullable=True))


def downgrade() -> None:
    op.drop_column("subscriptions", "language")
