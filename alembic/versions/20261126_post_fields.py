"""titles, slugs, tags, languages and schedules of posts

Every column may be NULL or has a constant default, so no row is stored anew.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "4d8a1c6e93f7"
down_revision: str | None = "3e90b7f2c651"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_POSTS = {
    "title": sa.String(length=200),
    "slug": sa.String(length=100, collation="C"),
    "language": sa.String(length=35),
    "summary": sa.String(length=500),
    "canonical_url": sa.String(length=2000),
    "word_count": sa.Integer(),
    "pinned_at": sa.DateTime(timezone=True),
    "scheduled_wall": sa.DateTime(),
    "time_zone": sa.String(length=64),
    "preview_key": sa.String(length=43, collation="C"),
}


def upgrade() -> None:
    for name, kind in OF_POSTS.items():
        op.add_column("posts", sa.Column(name, kind, nullable=True))
    is_open = sa.Column("comments_open", sa.Boolean(), server_default=sa.true(), nullable=False)
    op.add_column("posts", is_open)
    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("folded", sa.String(length=100, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("folded", name=op.f("uq_tags_folded")),
    )
    op.create_table(
        "post_tags",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_tags_post_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_post_tags_tag_id")),
        sa.PrimaryKeyConstraint("post_id", "tag_id", name=op.f("pk_post_tags")),
    )
    op.create_index(op.f("ix_post_tags_tag_id_post_id"), "post_tags", ["tag_id", "post_id"])


def downgrade() -> None:
    op.drop_table("post_tags")
    op.drop_table("tags")
    for name in ("comments_open", *OF_POSTS):
        op.drop_column("posts", name)
