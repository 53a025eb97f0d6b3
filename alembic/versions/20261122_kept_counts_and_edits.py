"""counts kept by triggers, lists in the order of ids, edited posts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b7e2a91f4c03"
down_revision: str | None = "e05d2b96a7f1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# `changed` holds what the statement inserted or deleted. Rows are locked in one order everywhere,
# users before blocks and each by its number, so that no two transactions wait for each other.
POSTS_COME_AND_GO = """
CREATE FUNCTION count_changed_posts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM users WHERE id IN (SELECT author_id FROM changed)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE users SET post_count = post_count + sign * change.posts
        FROM (SELECT author_id, count(*) AS posts FROM changed WHERE hidden_at IS NULL GROUP BY 1)
            AS change
        WHERE id = change.author_id;
    INSERT INTO post_blocks AS block (number, visible)
        SELECT id / 4096, sign * count(*) FROM changed WHERE hidden_at IS NULL GROUP BY 1 ORDER BY 1
        ON CONFLICT (number) DO UPDATE SET visible = block.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
A_POST_IS_HIDDEN_OR_SHOWN = """
CREATE FUNCTION count_hidden_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE WHEN NEW.hidden_at IS NULL THEN 1 ELSE -1 END;
BEGIN
    UPDATE users SET post_count = post_count + sign WHERE id = NEW.author_id;
    UPDATE post_blocks SET visible = visible + sign WHERE number = NEW.id / 4096;
    RETURN NULL;
END
$$
"""
FOLLOWS_COME_AND_GO = """
CREATE FUNCTION count_changed_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM users
        WHERE id IN (SELECT follower_id FROM changed UNION ALL SELECT followed_id FROM changed)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE users
        SET follower_count = follower_count + sign * change.followers,
            following_count = following_count + sign * change.following
        FROM (
            SELECT user_id, sum(followers) AS followers, sum(following) AS following
                FROM (
                    SELECT followed_id AS user_id, 1 AS followers, 0 AS following FROM changed
                    UNION ALL
                    SELECT follower_id, 0, 1 FROM changed
                ) AS side
                GROUP BY user_id
        ) AS change
        WHERE id = change.user_id;
    RETURN NULL;
END
$$
"""
TRIGGERS = """
CREATE TRIGGER count_inserted_posts AFTER INSERT ON posts
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_posts();
CREATE TRIGGER count_deleted_posts AFTER DELETE ON posts
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_posts();
CREATE TRIGGER count_hidden_post AFTER UPDATE OF hidden_at ON posts
    FOR EACH ROW WHEN ((OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL))
    EXECUTE FUNCTION count_hidden_post();
CREATE TRIGGER count_inserted_follows AFTER INSERT ON follows
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_follows();
CREATE TRIGGER count_deleted_follows AFTER DELETE ON follows
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_follows()
"""


def upgrade() -> None:
    op.add_column(
        "posts", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column("posts", sa.Column("submission", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f("uq_posts_submission"), "posts", ["submission"])

    op.drop_index(op.f("ix_posts_created_at_id"), table_name="posts")
    op.drop_index(op.f("ix_posts_author_id_created_at_id"), table_name="posts")
    op.create_index(
        op.f("ix_posts_author_id_id"),
        "posts",
        ["author_id", "id"],
        unique=False,
        postgresql_include=["hidden_at"],
    )
    op.create_index(
        "ix_posts_visible",
        "posts",
        ["id"],
        unique=False,
        postgresql_where=sa.text("hidden_at IS NULL"),
    )
    for one, other in (("follower_id", "followed_id"), ("followed_id", "follower_id")):
        op.drop_index(op.f(f"ix_follows_{one}_created_at"), table_name="follows")
        op.create_index(
            op.f(f"ix_follows_{one}_created_at_{other}"),
            "follows",
            [one, "created_at", other],
            unique=False,
        )

    op.create_table(
        "post_blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visible", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_post_blocks")),
    )
    op.execute(
        "INSERT INTO post_blocks (number, visible) "
        "SELECT id / 4096, count(*) FROM posts WHERE hidden_at IS NULL GROUP BY 1"
    )
    op.execute(POSTS_COME_AND_GO)
    op.execute(A_POST_IS_HIDDEN_OR_SHOWN)
    op.execute(FOLLOWS_COME_AND_GO)
    for trigger in TRIGGERS.split(";"):
        op.execute(trigger)


def downgrade() -> None:
    for trigger in ("count_inserted_follows", "count_deleted_follows"):
        op.execute(f"DROP TRIGGER {trigger} ON follows")
    for trigger in ("count_inserted_posts", "count_deleted_posts", "count_hidden_post"):
        op.execute(f"DROP TRIGGER {trigger} ON posts")
    for function in ("count_changed_follows", "count_hidden_post", "count_changed_posts"):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_table("post_blocks")
    for one, other in (("follower_id", "followed_id"), ("followed_id", "follower_id")):
        op.drop_index(op.f(f"ix_follows_{one}_created_at_{other}"), table_name="follows")
        op.create_index(
            op.f(f"ix_follows_{one}_created_at"), "follows", [one, "created_at"], unique=False
        )
    op.drop_index("ix_posts_visible", table_name="posts")
    op.drop_index(op.f("ix_posts_author_id_id"), table_name="posts")
    op.create_index(
        op.f("ix_posts_author_id_created_at_id"),
        "posts",
        ["author_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_posts_created_at_id"), "posts", ["created_at", "id"], unique=False)
    op.drop_column("posts", "submission")
    op.drop_column("posts", "version")
