"""whether and when posts are published

What is written by processes of the version before, which do not know of it, is published at once.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7a4e1d95c2b8"
down_revision: str | None = "7b04e2c91d6f"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATUS = "CHECK (status IN ('draft', 'scheduled', 'published'))"


def upgrade() -> None:
    # Neither stores a row anew: those that are there have no time until the next revision.
    op.add_column(
        "posts",
        sa.Column("status", sa.String(length=9), server_default="published", nullable=False),
    )
    op.add_column("posts", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("posts", "published_at", server_default=sa.text("now()"))
    op.execute(f"ALTER TABLE posts ADD CONSTRAINT ck_posts_status {STATUS} NOT VALID")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_posts_status"), "posts")
    op.drop_column("posts", "published_at")
    op.drop_column("posts", "status")
