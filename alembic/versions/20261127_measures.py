"""measures against people, and appeals"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "b37e05d9a1c6"
down_revision: str | None = "a7d3f05e6c18"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

LIMITED = "ix_users_limited"
# Days and ranges count what lists have: neither limited people nor their posts. The days are locked
# after the author, in their order.
A_PERSON_IS_LIMITED = """
CREATE FUNCTION count_limited_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change integer := CASE WHEN NEW.limited_at IS NULL THEN 1 ELSE -1 END;
BEGIN
    UPDATE user_ranges SET visible = visible + change WHERE number = NEW.id / 4096;
    INSERT INTO post_days AS counted (day, visible)
        SELECT (published_at AT TIME ZONE 'UTC')::date, change * count(*) FROM posts
        WHERE author_id = NEW.id AND status = 'published' AND hidden_at IS NULL
        GROUP BY 1 ORDER BY 1
        ON CONFLICT (day) DO UPDATE SET visible = counted.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER count_limited_person AFTER UPDATE OF limited_at ON users FOR EACH ROW
    WHEN ((OLD.limited_at IS NULL) <> (NEW.limited_at IS NULL))
    EXECUTE FUNCTION count_limited_person()
"""
POSTS_COME_AND_GO = """
CREATE OR REPLACE FUNCTION count_changed_posts_by_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO post_days AS counted (day, visible)
        SELECT (published_at AT TIME ZONE 'UTC')::date, sign * count(*) FROM changed
        WHERE status = 'published' AND hidden_at IS NULL {of_changed} GROUP BY 1 ORDER BY 1
        ON CONFLICT (day) DO UPDATE SET visible = counted.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
A_POST_CHANGES = """
CREATE OR REPLACE FUNCTION count_changed_post_by_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO post_days AS counted (day, visible)
        SELECT (post.published_at AT TIME ZONE 'UTC')::date, sum(post.number)
        FROM (VALUES
            (OLD.published_at, OLD.status, OLD.hidden_at, -1),
            (NEW.published_at, NEW.status, NEW.hidden_at, 1)
        ) AS post (published_at, status, hidden_at, number)
        WHERE post.status = 'published' AND post.hidden_at IS NULL {of_new}
        GROUP BY 1 HAVING sum(post.number) <> 0 ORDER BY 1
        ON CONFLICT (day) DO UPDATE SET visible = counted.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
UNLIMIT = """
UPDATE users SET limited_at = NULL
    WHERE id IN (SELECT id FROM users WHERE limited_at IS NOT NULL ORDER BY id {most})
"""
NOT_LIMITED = "AND {} NOT IN (SELECT id FROM users WHERE limited_at IS NOT NULL)"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(
            "ALTER TABLE users ADD COLUMN IF NOT EXISTS limited_at timestamptz,"
            " ADD COLUMN IF NOT EXISTS paused_until timestamptz"
        )
    # In the order in which comments and posts are written.
    op.execute("LOCK TABLE comments, posts, users IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "measures",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("rule", postgresql.JSONB(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('remind', 'hide', 'limit', 'pause', 'disable')",
            name=op.f("ck_measures_kind"),
        ),
        sa.CheckConstraint(
            "(kind = 'pause') = (until IS NOT NULL)", name=op.f("ck_measures_until")
        ),
        sa.CheckConstraint(
            "(kind = 'hide') = (num_nonnulls(post_id, comment_id) = 1)",
            name=op.f("ck_measures_hidden"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [target], name=op.f(f"fk_measures_{column}"), ondelete=rule
            )
            for column, target, rule in (
                ("person_id", "users.id", "CASCADE"),
                ("moderator_id", "users.id", "SET NULL"),
                ("post_id", "posts.id", "CASCADE"),
                ("comment_id", "comments.id", "CASCADE"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures")),
    )  # fmt: skip
    op.create_index(op.f("ix_measures_moderator_id"), "measures", ["moderator_id"])
    op.create_index(op.f("ix_measures_person_id_id"), "measures", ["person_id", "id"])
    for column in ("post_id", "comment_id"):
        op.create_index(
            op.f(f"ix_measures_{column}"), "measures", [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )  # fmt: skip
    op.create_table(
        "appeals",
        sa.Column("measure_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("is_granted", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(decided_at, is_granted, answer) IN (0, 3)",
            name=op.f("ck_appeals_decided"),
        ),
        sa.ForeignKeyConstraint(
            ["measure_id"], ["measures.id"], name=op.f("fk_appeals_measure_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_appeals_decided_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("measure_id", name=op.f("pk_appeals")),
    )  # fmt: skip
    op.create_index(op.f("ix_appeals_decided_by_id"), "appeals", ["decided_by_id"])
    op.create_index(
        "ix_appeals_open", "appeals", ["created_at", "measure_id"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )  # fmt: skip
    op.execute(A_PERSON_IS_LIMITED)
    op.execute(TRIGGER)
    op.execute(POSTS_COME_AND_GO.format(of_changed=NOT_LIMITED.format("author_id")))
    op.execute(A_POST_CHANGES.format(of_new=NOT_LIMITED.format("NEW.author_id")))
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {LIMITED}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {LIMITED} ON users (id) WHERE limited_at IS NOT NULL"
        )


def downgrade() -> None:
    # A trigger counts the posts of each again, which takes long for some: one person in each
    # transaction, and under the locks only those who were limited since.
    with op.get_context().autocommit_block():
        while op.get_bind().execute(sa.text(UNLIMIT.format(most="LIMIT 1"))).rowcount:
            pass
    op.execute("LOCK TABLE comments, posts, users IN ACCESS EXCLUSIVE MODE")
    op.execute(UNLIMIT.format(most=""))
    op.execute(POSTS_COME_AND_GO.format(of_changed=""))
    op.execute(A_POST_CHANGES.format(of_new=""))
    op.execute("DROP TRIGGER count_limited_person ON users")
    op.execute("DROP FUNCTION count_limited_person()")
    op.drop_table("appeals")
    op.drop_table("measures")
    for name in ("limited_at", "paused_until"):
        op.drop_column("users", name)
