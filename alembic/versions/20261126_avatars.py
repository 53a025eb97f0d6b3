"""uploaded avatars"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c61d94a8f073"
down_revision: str | None = "a2f60b7d15ce"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("avatar", sa.String(length=32, collation="C")))


def downgrade() -> None:
    op.drop_column("users", "avatar")
