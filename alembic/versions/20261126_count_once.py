"""counts that earlier migrations may have left wrong, proved once

What was committed between the count of a table and the triggers that were to keep it was never
counted. Each statement here sees one moment of the database, and adds what is missing to
whatever the count has become, so that people may write meanwhile.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "4d7b20c6f1a9"
down_revision: str | None = "e81f5a3c9d27"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A table, the count in it, and what is counted for each of its rows.
ON_ROWS = (
    ("users", "post_count", "SELECT author_id AS id FROM posts WHERE hidden_at IS NULL"),
    ("users", "follower_count", "SELECT followed_id AS id FROM follows"),
    ("users", "following_count", "SELECT follower_id AS id FROM follows"),
    ("posts", "comment_count", "SELECT post_id AS id FROM comments"),
)
IN_BLOCKS = (
    ("post_blocks", "SELECT id / 4096 AS number FROM posts WHERE hidden_at IS NULL"),
    ("comment_blocks", "SELECT id / 4096 AS number FROM comments"),
    ("user_blocks", "SELECT id / 4096 AS number FROM users"),
)
REPAIR_ROWS = """
    WITH counted AS (SELECT id, count(*) AS number FROM ({counted}) AS row GROUP BY id),
    wrong AS (
        SELECT id, coalesce(counted.number, 0) - {count} AS difference
        FROM {table} LEFT JOIN counted USING (id)
        WHERE coalesce(counted.number, 0) <> {count}
    ),
    locked AS (
        SELECT id FROM {table} WHERE id IN (SELECT id FROM wrong) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE {table} SET {count} = {count} + wrong.difference
    FROM wrong JOIN locked USING (id) WHERE {table}.id = wrong.id
"""
REPAIR_BLOCKS = """
    INSERT INTO {table} AS block (number, visible)
    SELECT number, coalesce(counted.visible, 0) - coalesce(kept.visible, 0) AS difference
    FROM (SELECT number, count(*) AS visible FROM ({counted}) AS row GROUP BY number) AS counted
        FULL JOIN {table} AS kept USING (number)
    WHERE coalesce(counted.visible, 0) <> coalesce(kept.visible, 0)
    ORDER BY number
    ON CONFLICT (number) DO UPDATE SET visible = block.visible + excluded.visible
"""


def upgrade() -> None:
    # Each count is repaired in a transaction of its own, which is over as soon as it is right.
    with op.get_context().autocommit_block():
        for table, count, counted in ON_ROWS:
            op.execute(REPAIR_ROWS.format(table=table, count=count, counted=counted))
        for table, counted in IN_BLOCKS:
            op.execute(REPAIR_BLOCKS.format(table=table, counted=counted))


def downgrade() -> None:
    """What is right may stay."""
