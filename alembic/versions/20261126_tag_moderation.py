"""tags that moderators have merged or blocked

The function that counts the listed tags is replaced together with its trigger: no tag is blocked
before the version that blocks them runs.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "1b7d53e8a0c4"
down_revision: str | None = "e2a96d5b13f8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

A_TAG_IS_LISTED = """
CREATE OR REPLACE FUNCTION count_listed_tag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag_ranges AS counted (number, visible)
        VALUES (
            NEW.id / 4096,
            CASE WHEN NEW.post_count > 0 {is_not_blocked} THEN 1 ELSE -1 END
        )
        ON CONFLICT (number) DO UPDATE SET visible = counted.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE OR REPLACE TRIGGER count_listed_tag
    AFTER UPDATE OF post_count, blocked_at ON tags FOR EACH ROW
    WHEN (
        (OLD.post_count > 0 AND OLD.blocked_at IS NULL)
        <> (NEW.post_count > 0 AND NEW.blocked_at IS NULL)
    )
    EXECUTE FUNCTION count_listed_tag()
"""
TRIGGER_BEFORE = """
CREATE OR REPLACE TRIGGER count_listed_tag AFTER UPDATE OF post_count ON tags FOR EACH ROW
    WHEN ((OLD.post_count > 0) <> (NEW.post_count > 0)) EXECUTE FUNCTION count_listed_tag()
"""
MERGED, BLOCKED = "ix_tags_merged_into_id", "ix_tags_blocked"


def upgrade() -> None:
    op.add_column("tags", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.add_column("tags", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    # No row has a value, so this reads none for long.
    op.create_foreign_key(
        op.f("fk_tags_merged_into_id"), "tags", "tags", ["merged_into_id"], ["id"]
    )
    op.execute(A_TAG_IS_LISTED.format(is_not_blocked="AND NEW.blocked_at IS NULL"))
    op.execute(TRIGGER)
    with op.get_context().autocommit_block():
        drop_indexes()
        op.execute(
            f"CREATE INDEX CONCURRENTLY {MERGED} ON tags (merged_into_id) "
            "WHERE merged_into_id IS NOT NULL"
        )
        op.execute(
            f"CREATE INDEX CONCURRENTLY {BLOCKED} ON tags (folded) WHERE blocked_at IS NOT NULL"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        drop_indexes()
    # The strongest lock first: a transaction that has read tags and then changes one would wait for
    # a weaker lock, while this would wait for that transaction.
    op.execute("LOCK TABLE tags IN ACCESS EXCLUSIVE MODE")
    # Those that are blocked are counted again.
    op.execute("UPDATE tags SET blocked_at = NULL WHERE blocked_at IS NOT NULL")
    op.execute(TRIGGER_BEFORE)
    op.execute(A_TAG_IS_LISTED.format(is_not_blocked=""))
    op.drop_constraint(op.f("fk_tags_merged_into_id"), "tags")
    op.drop_column("tags", "blocked_at")
    op.drop_column("tags", "merged_into_id")


def drop_indexes() -> None:
    """Drop the indexes, finished or not."""
    for name in (MERGED, BLOCKED):
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
