"""views of posts by day, and what they are estimated from on the day itself"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b83d17f60e29"
down_revision: str | None = "0c5d82e9b7f1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "post_views",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_views_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "day", name=op.f("pk_post_views")),
    )
    op.create_index("ix_post_views_day", "post_views", ["day"], postgresql_using="brin")
    op.create_table(
        "view_salts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_view_salts")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "view_marks",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("register", sa.SmallInteger(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "post_id", "register", name=op.f("pk_view_marks")),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("view_marks")
    op.drop_table("view_salts")
    op.drop_table("post_views")
