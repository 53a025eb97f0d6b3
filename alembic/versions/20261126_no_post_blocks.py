"""blocks of posts, in which nothing is counted any more

Until processes of the version before have ended, they find all posts in a single block. No lock on
the posts is held here: those who read lock them after the blocks.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d19a5c3e7f60"
down_revision: str | None = "b604c7e8152f"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ALL_IN_ONE_BLOCK = """
CREATE VIEW post_blocks AS
    SELECT 1::bigint << 40 AS number, sum(visible)::integer AS visible FROM post_days
"""


def upgrade() -> None:
    op.drop_table("post_blocks")
    op.execute(ALL_IN_ONE_BLOCK)


def downgrade() -> None:
    op.execute("DROP VIEW post_blocks")
    # The posts that are there are counted when others are counted here again.
    op.create_table(
        "post_blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visible", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_post_blocks")),
    )
