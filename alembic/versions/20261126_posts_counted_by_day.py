"""the posts of each day, counted once

The statement sees one moment of the database, and adds what is missing to whatever the counts
have become, so that people may write meanwhile.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "e27b94f6a083"
down_revision: str | None = "5e9d30a7f1c6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

COUNT = """
    INSERT INTO {table} AS counted ({key}, visible)
    SELECT {key}, coalesce(real.visible, 0) - coalesce(kept.visible, 0)
    FROM (
        SELECT {part} AS {key}, count(*) AS visible FROM posts WHERE {condition} GROUP BY 1
    ) AS real FULL JOIN {table} AS kept USING ({key})
    WHERE coalesce(real.visible, 0) <> coalesce(kept.visible, 0)
    ORDER BY {key}
    ON CONFLICT ({key}) DO UPDATE SET visible = counted.visible + excluded.visible
"""
PUBLIC = "status = 'published' AND hidden_at IS NULL"
DAY = "(published_at AT TIME ZONE 'UTC')::date"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(COUNT.format(table="post_days", key="day", part=DAY, condition=PUBLIC))
        op.execute("ANALYZE post_days")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        blocks = {"table": "post_blocks", "key": "number", "part": "id / 4096"}
        op.execute(COUNT.format(**blocks, condition="hidden_at IS NULL"))
