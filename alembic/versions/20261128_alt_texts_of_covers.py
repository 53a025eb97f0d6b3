"""the alternative text that the cover of a post had when it was chosen

The column is NULL in every row, so no row is stored anew: the text is that of the image until its
owner changes that.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "6c1f93b7e0d5"
down_revision: str | None = "d20b6e8f41c7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("cover_alt", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("posts", "cover_alt")
