"""the language of the pages that a user has chosen"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7c2e95b0d4a1"
down_revision: str | None = "e72c4a9d05b8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("interface_language", sa.String(35), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "interface_language")
