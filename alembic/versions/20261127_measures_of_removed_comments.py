"""measures against a deleted comment that has replies go with its text"""

from collections.abc import Sequence

from alembic import op

revision: str = "5e7a90c3b1d4"
down_revision: str | None = "b37e05d9a1c6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

REMOVE = """
CREATE OR REPLACE FUNCTION count_removed_comment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts SET comment_count = comment_count - 1 WHERE id = OLD.post_id;
    DELETE FROM comment_likes WHERE comment_id = OLD.id;
    DELETE FROM reports WHERE comment_id = OLD.id;
    DELETE FROM mentions WHERE comment_id = OLD.id;
    {measures}
    UPDATE comment_ranges SET visible = visible - 1 WHERE number = OLD.id / 4096;
    DELETE FROM notification_items WHERE comment_id = OLD.id;
    DELETE FROM notifications WHERE comment_id = OLD.id;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute(REMOVE.format(measures="DELETE FROM measures WHERE comment_id = OLD.id;"))


def downgrade() -> None:
    op.execute(REMOVE.format(measures=""))
