"""likes of comments, counted by triggers

The table is new, so nobody waits for it; the next revision adds its key to `users`.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c4a6d1f92e70"
down_revision: str | None = "5f7a2e9c81d4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# As for posts: comments are locked in the order of their ids, so that two statements take turns.
LIKES_COME_AND_GO = """
CREATE FUNCTION count_changed_comment_likes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM comments WHERE id IN (SELECT comment_id FROM changed)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE comments SET like_count = like_count + sign * change.likes
        FROM (SELECT comment_id, count(*) AS likes FROM changed GROUP BY 1) AS change
        WHERE id = change.comment_id;
    RETURN NULL;
END
$$
"""
TRIGGERS = {"INSERT": "inserted", "DELETE": "deleted"}
# What belongs to a deleted row is deleted with it by foreign keys; here nothing else would.
REMOVE = """
CREATE OR REPLACE FUNCTION count_removed_comment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts SET comment_count = comment_count - 1 WHERE id = OLD.post_id;
    {likes}
    DELETE FROM reports WHERE comment_id = OLD.id;
    UPDATE comment_ranges SET visible = visible - 1 WHERE number = OLD.id / 4096;
    DELETE FROM notification_items WHERE comment_id = OLD.id;
    DELETE FROM notifications WHERE comment_id = OLD.id;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.add_column(
        "comments", sa.Column("like_count", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_table(
        "comment_likes",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_likes_comment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "comment_id", name=op.f("pk_comment_likes")),
    )  # fmt: skip
    op.create_index(op.f("ix_comment_likes_comment_id"), "comment_likes", ["comment_id"])
    op.execute(LIKES_COME_AND_GO)
    for event, name in TRIGGERS.items():
        rows = "NEW" if event == "INSERT" else "OLD"
        op.execute(
            f"CREATE TRIGGER count_{name}_comment_likes AFTER {event} ON comment_likes"
            f" REFERENCING {rows} TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION count_changed_comment_likes()"
        )
    op.execute(REMOVE.format(likes="DELETE FROM comment_likes WHERE comment_id = OLD.id;"))


def downgrade() -> None:
    op.execute(REMOVE.format(likes=""))
    op.drop_table("comment_likes")
    op.execute("DROP FUNCTION count_changed_comment_likes()")
    op.drop_column("comments", "like_count")
