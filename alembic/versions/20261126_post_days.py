"""how many public posts were published on each day, kept by triggers

Posts that are there already are counted in the next revision. To make a trigger locks the table for
some milliseconds, so that nobody writes a post between this and the trigger's first use.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5e9d30a7f1c6"
down_revision: str | None = "c81f6b20d9e3"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# `changed` holds what the statement inserted or deleted. The days are locked after the users, whose
# trigger comes first by its name, and in their order, so that no two transactions wait for each
# other.
POSTS_COME_AND_GO = """
CREATE FUNCTION count_changed_posts_by_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO post_days AS counted (day, visible)
        SELECT (published_at AT TIME ZONE 'UTC')::date, sign * count(*) FROM changed
        WHERE status = 'published' AND hidden_at IS NULL GROUP BY 1 ORDER BY 1
        ON CONFLICT (day) DO UPDATE SET visible = counted.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
A_POST_CHANGES = """
CREATE FUNCTION count_changed_post_by_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO post_days AS counted (day, visible)
        SELECT (post.published_at AT TIME ZONE 'UTC')::date, sum(post.number)
        FROM (VALUES
            (OLD.published_at, OLD.status, OLD.hidden_at, -1),
            (NEW.published_at, NEW.status, NEW.hidden_at, 1)
        ) AS post (published_at, status, hidden_at, number)
        WHERE post.status = 'published' AND post.hidden_at IS NULL
        GROUP BY 1 HAVING sum(post.number) <> 0 ORDER BY 1
        ON CONFLICT (day) DO UPDATE SET visible = counted.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
TRIGGERS = {
    "count_inserted_posts_by_day": """
        AFTER INSERT ON posts REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_changed_posts_by_day()
    """,
    "count_deleted_posts_by_day": """
        AFTER DELETE ON posts REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_changed_posts_by_day()
    """,
    "count_updated_post_by_day": """
        AFTER UPDATE OF status, published_at, hidden_at ON posts FOR EACH ROW
        WHEN (
            OLD.status <> NEW.status OR OLD.published_at IS DISTINCT FROM NEW.published_at
            OR (OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL)
        )
        EXECUTE FUNCTION count_changed_post_by_day()
    """,
}


def upgrade() -> None:
    op.create_table(
        "post_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visible", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_post_days")),
    )
    op.execute(POSTS_COME_AND_GO)
    op.execute(A_POST_CHANGES)
    for name, trigger in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {trigger}")


def downgrade() -> None:
    # One after another: those who read lock the days before the posts, and would wait for this
    # while this waits for them.
    with op.get_context().autocommit_block():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER IF EXISTS {name} ON posts")
        op.execute("DROP FUNCTION IF EXISTS count_changed_post_by_day()")
        op.execute("DROP FUNCTION IF EXISTS count_changed_posts_by_day()")
        op.execute("DROP TABLE IF EXISTS post_days")
