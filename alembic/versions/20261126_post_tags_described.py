"""the tags of posts that are there already: when they were published, how many, and the indexes

Each batch is a transaction of its own; begun again, it goes on with what is still missing.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d47f08b6e3a1"
down_revision: str | None = "a93c5e17d2f8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

POSTS_AT_ONCE = 1000
# Posts are locked, so that none is hidden or published while its tags are described.
DESCRIBE = sa.text("""
    WITH batch AS MATERIALIZED (
        SELECT id, author_id,
            CASE WHEN status = 'published' AND hidden_at IS NULL THEN published_at END AS moment
        FROM posts
        WHERE id > :last AND EXISTS (
            SELECT FROM post_tags
            WHERE post_tags.post_id = posts.id AND post_tags.author_id IS NULL
        )
        ORDER BY id LIMIT :size FOR NO KEY UPDATE
    ), described AS (
        UPDATE post_tags SET author_id = batch.author_id, published_at = batch.moment
        FROM batch WHERE post_tags.post_id = batch.id
    )
    SELECT max(id) FROM batch
""")
# The statement sees one moment of the database, and adds what is missing to whatever the counts
# have become, so that people may write meanwhile.
COUNT = """
    WITH counted AS (
        SELECT tag_id AS id, count(*) AS posts FROM post_tags
        WHERE published_at IS NOT NULL GROUP BY 1
    ), wrong AS (
        SELECT id, coalesce(counted.posts, 0) - post_count AS difference
        FROM tags LEFT JOIN counted USING (id)
        WHERE coalesce(counted.posts, 0) <> post_count
    ), locked AS (
        SELECT id FROM tags WHERE id IN (SELECT id FROM wrong) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE tags SET post_count = post_count + wrong.difference
    FROM wrong JOIN locked USING (id) WHERE tags.id = wrong.id
"""
# PostgreSQL believes a validated check, and does not read the table again to set NOT NULL.
CHECK = "ck_post_tags_author_id"
INDEXES = {
    "ix_post_tags_public": (
        "post_tags (tag_id, published_at, post_id) INCLUDE (author_id) "
        "WHERE published_at IS NOT NULL"
    ),
    "ix_tags_by_use": "tags (post_count, id) WHERE post_count > 0",
    "ix_tags_by_name": "tags (folded) WHERE post_count > 0",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection, last = op.get_bind(), 0
        while last is not None:
            last = connection.scalar(DESCRIBE, {"last": last, "size": POSTS_AT_ONCE})
        op.execute(COUNT)
        drop_check()
        is_known = "CHECK (author_id IS NOT NULL) NOT VALID"
        op.execute(f"ALTER TABLE post_tags ADD CONSTRAINT {CHECK} {is_known}")
        op.execute(f"ALTER TABLE post_tags VALIDATE CONSTRAINT {CHECK}")
        op.execute("ALTER TABLE post_tags ALTER COLUMN author_id SET NOT NULL")
        drop_check()
        drop_indexes()
        for name, definition in INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")
        op.execute("VACUUM (ANALYZE) post_tags, tags")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        drop_indexes()
        op.execute("ALTER TABLE post_tags ALTER COLUMN author_id DROP NOT NULL")


def drop_check() -> None:
    """Drop what an upgrade that was stopped may have left."""
    op.execute(f"ALTER TABLE post_tags DROP CONSTRAINT IF EXISTS {CHECK}")


def drop_indexes() -> None:
    """Drop the indexes, finished or not."""
    for name in INDEXES:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
