"""likes of posts, counted by triggers, and bookmarks

The tables are new, so nobody waits for them; the next revision adds their keys to `users`.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7d1f4c80b9e3"
down_revision: str | None = "f16c40a97b2d"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# `changed` holds what the statement inserted or deleted. Posts are locked in the order of their
# ids, so that two such statements take turns.
LIKES_COME_AND_GO = """
CREATE FUNCTION count_changed_post_likes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM posts WHERE id IN (SELECT post_id FROM changed)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE posts SET like_count = like_count + sign * change.likes
        FROM (SELECT post_id, count(*) AS likes FROM changed GROUP BY 1) AS change
        WHERE id = change.post_id;
    RETURN NULL;
END
$$
"""
TRIGGERS = {"INSERT": "inserted", "DELETE": "deleted"}
TABLES = ("post_likes", "bookmarks")


def upgrade() -> None:
    op.add_column(
        "posts", sa.Column("like_count", sa.BigInteger(), server_default="0", nullable=False)
    )
    for table in TABLES:
        op.create_table(
            table,
            sa.Column("user_id", sa.BigInteger(), nullable=False),
            sa.Column("post_id", sa.BigInteger(), nullable=False),
            sa.Column(
                "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
                nullable=False,
            ),
            sa.ForeignKeyConstraint(
                ["post_id"], ["posts.id"], name=op.f(f"fk_{table}_post_id"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("user_id", "post_id", name=op.f(f"pk_{table}")),
        )  # fmt: skip
    op.create_index(
        op.f("ix_post_likes_post_id_created_at_user_id"),
        "post_likes",
        ["post_id", "created_at", "user_id"],
    )
    op.create_index(
        op.f("ix_bookmarks_user_id_created_at_post_id"),
        "bookmarks",
        ["user_id", "created_at", "post_id"],
    )
    op.create_index(op.f("ix_bookmarks_post_id"), "bookmarks", ["post_id"])
    op.execute(LIKES_COME_AND_GO)
    for event, name in TRIGGERS.items():
        rows = "NEW" if event == "INSERT" else "OLD"
        op.execute(
            f"CREATE TRIGGER count_{name}_post_likes AFTER {event} ON post_likes"
            f" REFERENCING {rows} TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION count_changed_post_likes()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION count_changed_post_likes()")
    op.drop_column("posts", "like_count")
