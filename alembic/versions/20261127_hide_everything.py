"""the measure that hides everything by a person, and their comments in order"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e63f0a94b7d2"
down_revision: str | None = "9b41c7e2d0f6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = "kind IN ('remind', 'hide', 'limit', 'pause', 'disable'{further})"


def upgrade() -> None:
    # In the order in which comments and posts are written.
    op.execute("LOCK TABLE comments, posts IN SHARE ROW EXCLUSIVE MODE")
    op.execute("ALTER TABLE measures ALTER COLUMN kind TYPE varchar(8)")
    op.drop_constraint(op.f("ck_measures_kind"), "measures")
    op.create_check_constraint(
        op.f("ck_measures_kind"), "measures", KINDS.format(further=", 'hide_all'")
    )
    op.create_table(
        "measure_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("measure_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(post_id, comment_id) = 1", name=op.f("ck_measure_items_is_one_thing")
        ),
        sa.ForeignKeyConstraint(
            ["measure_id"], ["measures.id"], name=op.f("fk_measure_items_measure_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_measure_items_post_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_measure_items_comment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_items")),
    )  # fmt: skip
    op.create_index(op.f("ix_measure_items_measure_id_id"), "measure_items", ["measure_id", "id"])
    for column in ("post_id", "comment_id"):
        op.create_index(
            op.f(f"ix_measure_items_{column}"), "measure_items", [column], unique=True,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )  # fmt: skip
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_comments_author_id_id")
        op.execute("CREATE INDEX CONCURRENTLY ix_comments_author_id_id ON comments (author_id, id)")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_comments_author_id")


def downgrade() -> None:
    op.execute("LOCK TABLE comments, posts IN ACCESS EXCLUSIVE MODE")
    op.drop_table("measure_items")
    # What such measures have hidden stays hidden.
    op.execute("DELETE FROM measures WHERE kind = 'hide_all'")
    op.drop_constraint(op.f("ck_measures_kind"), "measures")
    op.create_check_constraint(op.f("ck_measures_kind"), "measures", KINDS.format(further=""))
    op.execute("ALTER TABLE measures ALTER COLUMN kind TYPE varchar(7)")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_comments_author_id")
        op.execute("CREATE INDEX CONCURRENTLY ix_comments_author_id ON comments (author_id)")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_comments_author_id_id")
