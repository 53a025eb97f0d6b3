"""which posts show which images"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "3e90b7f2c651"
down_revision: str | None = "8a41c0d97e35"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

LINK = """
    CREATE FUNCTION link_post_media() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        names text[];
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM post_media WHERE post_id = NEW.id;
        END IF;
        SELECT array_agg(DISTINCT match[1]) INTO names
        FROM regexp_matches(NEW.body, '/media/([a-z2-7]{32})', 'g') AS found (match);
        IF names IS NOT NULL THEN
            PERFORM FROM media_files WHERE name = ANY (names) ORDER BY name FOR KEY SHARE;
            INSERT INTO post_media (post_id, name) SELECT NEW.id, unnest(names);
        END IF;
        RETURN NULL;
    END $$
"""
ON_INSERT = """
    CREATE TRIGGER link_new_post_media AFTER INSERT ON posts FOR EACH ROW
    WHEN (NEW.body LIKE '%/media/%') EXECUTE FUNCTION link_post_media()
"""
ON_UPDATE = """
    CREATE TRIGGER link_changed_post_media AFTER UPDATE OF body ON posts FOR EACH ROW
    WHEN (OLD.body LIKE '%/media/%' OR NEW.body LIKE '%/media/%')
    EXECUTE FUNCTION link_post_media()
"""


def upgrade() -> None:
    op.create_table(
        "post_media",
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=32, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_media_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "name", name=op.f("pk_post_media")),
    )
    op.create_index(op.f("ix_post_media_name"), "post_media", ["name"])
    for statement in (LINK, ON_INSERT, ON_UPDATE):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER link_new_post_media ON posts")
    op.execute("DROP TRIGGER link_changed_post_media ON posts")
    op.execute("DROP FUNCTION link_post_media")
    op.drop_table("post_media")
