"""comments in the order of their ids, and counted by triggers"""

from collections.abc import Sequence

from alembic import op

revision: str = "a7e35c18f4d0"
down_revision: str | None = "c41d7e0a96b2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# `changed` holds what the statement inserted or deleted: one for an account's whole comments.
# Posts are locked in the order of their ids, so that two such statements take turns.
COMMENTS_COME_AND_GO = """
CREATE FUNCTION count_changed_comments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM posts WHERE id IN (SELECT post_id FROM changed)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE posts SET comment_count = comment_count + sign * change.comments
        FROM (SELECT post_id, count(*) AS comments FROM changed GROUP BY 1) AS change
        WHERE id = change.post_id;
    RETURN NULL;
END
$$
"""
INSERTED = """
CREATE TRIGGER count_inserted_comments AFTER INSERT ON comments
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_comments()
"""
DELETED = """
CREATE TRIGGER count_deleted_comments AFTER DELETE ON comments
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_comments()
"""


def upgrade() -> None:
    op.create_index(op.f("ix_comments_post_id_id"), "comments", ["post_id", "id"], unique=False)
    op.drop_index(op.f("ix_comments_post_id_created_at_id"), table_name="comments")
    for statement in (COMMENTS_COME_AND_GO, INSERTED, DELETED):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER count_deleted_comments ON comments")
    op.execute("DROP TRIGGER count_inserted_comments ON comments")
    op.execute("DROP FUNCTION count_changed_comments()")
    op.create_index(
        op.f("ix_comments_post_id_created_at_id"),
        "comments",
        ["post_id", "created_at", "id"],
        unique=False,
    )
    op.drop_index(op.f("ix_comments_post_id_id"), table_name="comments")
