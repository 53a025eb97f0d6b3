"""deleted comments that have replies stay as empty rows without an author, which nothing counts"""

from collections.abc import Sequence

from alembic import op

revision: str = "e91d4c6b20f7"
down_revision: str | None = "b3e08f5a71c6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PARENT = "fk_comments_parent_id"
# `changed` holds what the statement inserted or deleted.
COUNT_ON_POSTS = """
CREATE OR REPLACE FUNCTION count_changed_comments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM posts WHERE id IN (SELECT post_id FROM changed {counted})
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE posts SET comment_count = comment_count + sign * change.comments
        FROM (SELECT post_id, count(*) AS comments FROM changed {counted} GROUP BY 1) AS change
        WHERE id = change.post_id;
    RETURN NULL;
END
$$
"""
COUNT_IN_RANGES = """
CREATE FUNCTION count_changed_comments_in_ranges() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO comment_ranges AS range (number, visible)
        SELECT id / 4096, sign * count(*) FROM changed WHERE author_id IS NOT NULL
        GROUP BY 1 ORDER BY 1
        ON CONFLICT (number) DO UPDATE SET visible = range.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
# What belongs to a deleted row is deleted with it by foreign keys; here nothing else would.
REMOVE = """
CREATE FUNCTION count_removed_comment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts SET comment_count = comment_count - 1 WHERE id = OLD.post_id;
    DELETE FROM reports WHERE comment_id = OLD.id;
    UPDATE comment_ranges SET visible = visible - 1 WHERE number = OLD.id / 4096;
    DELETE FROM notification_items WHERE comment_id = OLD.id;
    DELETE FROM notifications WHERE comment_id = OLD.id;
    RETURN NULL;
END
$$
"""
REMOVED = """
CREATE TRIGGER count_removed_comment AFTER UPDATE OF author_id ON comments
    FOR EACH ROW WHEN (OLD.author_id IS NOT NULL AND NEW.author_id IS NULL)
    EXECUTE FUNCTION count_removed_comment()
"""
# From the deleted replies upwards, as far as nothing else replies. Deleting them fires the trigger
# again, for those whose last two replies went together.
TIDY = """
CREATE FUNCTION delete_unneeded_comments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM changed WHERE parent_id IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    WITH RECURSIVE unneeded AS (
        SELECT id, parent_id FROM comments AS above
        WHERE id IN (SELECT parent_id FROM changed) AND author_id IS NULL
            AND NOT EXISTS (SELECT FROM comments WHERE parent_id = above.id)
        UNION ALL
        SELECT above.id, above.parent_id
        FROM unneeded JOIN comments AS above ON above.id = unneeded.parent_id
        WHERE above.author_id IS NULL AND NOT EXISTS (
            SELECT FROM comments WHERE parent_id = above.id AND id <> unneeded.id
        )
    )
    DELETE FROM comments WHERE id IN (SELECT id FROM unneeded);
    RETURN NULL;
END
$$
"""
TIDIED = """
CREATE TRIGGER tidy_deleted_comments AFTER DELETE ON comments
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION delete_unneeded_comments()
"""
EVENTS = {
    "inserted": "INSERT ON comments REFERENCING NEW",
    "deleted": "DELETE ON comments REFERENCING OLD",
}


def upgrade() -> None:
    op.execute(COUNT_ON_POSTS.format(counted="WHERE author_id IS NOT NULL"))
    for statement in (COUNT_IN_RANGES, REMOVE, TIDY, REMOVED, TIDIED):
        op.execute(statement)
    count_ranges_by("count_changed_comments_in_ranges()")
    op.execute("ALTER TABLE comments ALTER COLUMN author_id DROP NOT NULL")
    op.execute(
        f"ALTER TABLE comments ADD CONSTRAINT {PARENT}"
        " FOREIGN KEY (parent_id) REFERENCES comments (id) NOT VALID"
    )


def downgrade() -> None:
    op.drop_constraint(PARENT, "comments")
    op.execute("DELETE FROM comments WHERE author_id IS NULL")
    op.execute("ALTER TABLE comments ALTER COLUMN author_id SET NOT NULL")
    count_ranges_by("count_changed_rows('comment_ranges')")
    op.execute(COUNT_ON_POSTS.format(counted=""))
    op.execute("DROP TRIGGER tidy_deleted_comments ON comments")
    op.execute("DROP TRIGGER count_removed_comment ON comments")
    for function in (
        "count_changed_comments_in_ranges", "count_removed_comment", "delete_unneeded_comments",
    ):  # fmt: skip
        op.execute(f"DROP FUNCTION {function}()")


def count_ranges_by(function: str) -> None:
    """Let this function keep the counts of the ranges."""
    for name, event in EVENTS.items():
        op.execute(
            f"CREATE OR REPLACE TRIGGER count_{name}_rows AFTER {event} TABLE AS changed"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}"
        )
