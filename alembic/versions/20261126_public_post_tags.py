"""what the list of a tag is in the order of, and how many public posts each tag has

Triggers copy the time of publication and the author of a post to its tags, where an index has them
together. Tags that are there already are described in the next revision. To make a trigger locks
the table for some milliseconds, so that nobody writes a post between this and the trigger's first
use.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a93c5e17d2f8"
down_revision: str | None = "e2a94f7b6d18"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

DESCRIBE = """
CREATE FUNCTION describe_post_tag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT author_id, CASE WHEN status = 'published' AND hidden_at IS NULL THEN published_at END
        INTO NEW.author_id, NEW.published_at FROM posts WHERE id = NEW.post_id;
    RETURN NEW;
END
$$
"""
# `changed` holds what the statement inserted or deleted. Tags are locked in one order everywhere.
TAGS_COME_AND_GO = """
CREATE FUNCTION count_changed_post_tags() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM tags WHERE id IN (SELECT tag_id FROM changed WHERE published_at IS NOT NULL)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE tags SET post_count = post_count + sign * change.posts
        FROM (
            SELECT tag_id, count(*) AS posts FROM changed
            WHERE published_at IS NOT NULL GROUP BY 1
        ) AS change
        WHERE id = change.tag_id;
    RETURN NULL;
END
$$
"""
A_POST_CHANGES = """
CREATE FUNCTION carry_publication_to_tags() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was_counted integer := (OLD.status = 'published' AND OLD.hidden_at IS NULL)::integer;
    is_counted integer := (NEW.status = 'published' AND NEW.hidden_at IS NULL)::integer;
    its_tags bigint[] := ARRAY(SELECT tag_id FROM post_tags WHERE post_id = NEW.id);
BEGIN
    PERFORM FROM tags WHERE id = ANY (its_tags) ORDER BY id FOR NO KEY UPDATE;
    UPDATE post_tags SET published_at = CASE is_counted WHEN 1 THEN NEW.published_at END
        WHERE post_id = NEW.id;
    UPDATE tags SET post_count = post_count + is_counted - was_counted
        WHERE id = ANY (its_tags) AND is_counted <> was_counted;
    RETURN NULL;
END
$$
"""
A_TAG_IS_LISTED = """
CREATE FUNCTION count_listed_tag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag_ranges AS counted (number, visible)
        VALUES (NEW.id / 4096, CASE WHEN NEW.post_count > 0 THEN 1 ELSE -1 END)
        ON CONFLICT (number) DO UPDATE SET visible = counted.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
FUNCTIONS = {
    "describe_post_tag": DESCRIBE,
    "count_changed_post_tags": TAGS_COME_AND_GO,
    "count_listed_tag": A_TAG_IS_LISTED,
    "carry_publication_to_tags": A_POST_CHANGES,
}
# Of the triggers of posts, that of their tags comes before those that lock users and days: the
# order of their names.
TRIGGERS = {
    "carry_publication_to_tags": (
        "posts",
        """
        AFTER UPDATE OF status, published_at, hidden_at ON {table} FOR EACH ROW
        WHEN (
            OLD.status <> NEW.status OR OLD.published_at IS DISTINCT FROM NEW.published_at
            OR (OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL)
        )
        EXECUTE FUNCTION carry_publication_to_tags()
        """,
    ),
    "describe_post_tag": (
        "post_tags",
        "BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION describe_post_tag()",
    ),
    "count_inserted_post_tags": (
        "post_tags",
        """
        AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_changed_post_tags()
        """,
    ),
    "count_deleted_post_tags": (
        "post_tags",
        """
        AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_changed_post_tags()
        """,
    ),
    "count_listed_tag": (
        "tags",
        """
        AFTER UPDATE OF post_count ON {table} FOR EACH ROW
        WHEN ((OLD.post_count > 0) <> (NEW.post_count > 0)) EXECUTE FUNCTION count_listed_tag()
        """,
    ),
}


SEARCH_TRIGGER = """
CREATE OR REPLACE TRIGGER index_retagged_posts
    AFTER UPDATE ON post_tags REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION index_tagged_posts()
"""


def upgrade() -> None:
    # In the order in which writers lock the tables.
    op.execute("LOCK TABLE posts IN SHARE ROW EXCLUSIVE MODE")
    op.add_column("post_tags", sa.Column("author_id", sa.BigInteger(), nullable=True))
    op.add_column("post_tags", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    count = sa.Column("post_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("tags", count)
    op.create_table(
        "tag_ranges",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visible", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tag_ranges")),
    )
    # From now on an update only carries a time, which says nothing new to the search.
    op.execute("DROP TRIGGER index_retagged_posts ON post_tags")
    for function in FUNCTIONS.values():
        op.execute(function)
    for name, (table, trigger) in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {trigger.format(table=table)}")


def downgrade() -> None:
    # One after another: who reads locks these tables in another order.
    with op.get_context().autocommit_block():
        for name, (table, _) in TRIGGERS.items():
            op.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION IF EXISTS {name}")
        for column in ("published_at", "author_id"):
            op.execute(f"ALTER TABLE post_tags DROP COLUMN IF EXISTS {column}")
        op.execute("ALTER TABLE tags DROP COLUMN IF EXISTS post_count")
        op.execute("DROP TABLE IF EXISTS tag_ranges")
        op.execute(SEARCH_TRIGGER)
