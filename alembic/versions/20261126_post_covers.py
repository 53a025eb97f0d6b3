"""cover images of posts

The column is NULL in every row, so no row is stored anew; the next revision validates the key.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b83d5f20c9a7"
down_revision: str | None = "0c6f4a91d8e2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("cover_id", sa.BigInteger(), nullable=True))
    op.execute(
        "ALTER TABLE posts ADD CONSTRAINT fk_posts_cover_id FOREIGN KEY (cover_id)"
        " REFERENCES media (id) ON DELETE SET NULL NOT VALID"
    )


def downgrade() -> None:
    op.drop_column("posts", "cover_id")
