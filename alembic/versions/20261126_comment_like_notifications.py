"""notifications of likes of comments"""

from collections.abc import Sequence

from alembic import op

revision: str = "a3d61e08c57b"
down_revision: str | None = "5c0f7e92b4d8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ITEMS, KEY = "notification_items", "fk_notification_items_liked_comment_id"
OF_POSTS, OF_COMMENT_LIKES = (
    "uq_notification_items_post_id_user_id",
    "uq_notification_items_liked_comment_id_actor_id",
)
IS_OF_POST = "post_id IS NOT NULL AND comment_id IS NULL AND liked_post_id IS NULL"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {ITEMS} ADD COLUMN IF NOT EXISTS liked_comment_id bigint")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {OF_COMMENT_LIKES}")
        op.execute(
            f"CREATE UNIQUE INDEX CONCURRENTLY {OF_COMMENT_LIKES}"
            f" ON {ITEMS} (liked_comment_id, actor_id) WHERE liked_comment_id IS NOT NULL"
        )
        op.execute(
            f"ALTER TABLE {ITEMS} DROP CONSTRAINT IF EXISTS {KEY}, ADD CONSTRAINT {KEY}"
            " FOREIGN KEY (liked_comment_id, actor_id)"
            " REFERENCES comment_likes (comment_id, user_id) ON DELETE CASCADE NOT VALID"
        )
        op.execute(f"ALTER TABLE {ITEMS} VALIDATE CONSTRAINT {KEY}")
        _create_index_of_posts(f"{IS_OF_POST} AND liked_comment_id IS NULL")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DELETE FROM {ITEMS} WHERE liked_comment_id IS NOT NULL")  # noqa: S608
        _create_index_of_posts(IS_OF_POST)
    op.drop_column(ITEMS, "liked_comment_id")


def _create_index_of_posts(condition: str) -> None:
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {OF_POSTS}")
    op.execute(
        f"CREATE UNIQUE INDEX CONCURRENTLY {OF_POSTS} ON {ITEMS} (post_id, user_id)"
        f" WHERE {condition}"
    )
