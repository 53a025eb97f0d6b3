"""the beginning of each post, which lists show

What was written before has none until `blog rerender` makes it; a list makes it then.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "6c2f9d81b3e4"
down_revision: str | None = "5d1c8e40b7a2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("excerpt", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("posts", "excerpt")
