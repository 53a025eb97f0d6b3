"""the history of posts

Posts have no rows in it until they are edited, so no row is stored anew. Drafts of before count as
published once: they begin with the version in which they are published, like all others.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b58d20f7e3a1"
down_revision: str | None = "e07f3a6c4b95"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

LINK = """
    CREATE FUNCTION link_revision_media() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        names text[];
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM revision_media WHERE revision_id = NEW.id;
        END IF;
        IF NEW.hidden_at IS NULL THEN
            SELECT array_agg(DISTINCT match[1]) INTO names
            FROM regexp_matches(NEW.body, '/media/([a-z2-7]{32})', 'g') AS found (match);
        END IF;
        IF names IS NOT NULL THEN
            PERFORM FROM media_files WHERE name = ANY (names) ORDER BY name FOR KEY SHARE;
            INSERT INTO revision_media (revision_id, name) SELECT NEW.id, unnest(names);
        END IF;
        RETURN NULL;
    END $$
"""
ON_INSERT = """
    CREATE TRIGGER link_new_revision_media AFTER INSERT ON post_revisions FOR EACH ROW
    WHEN (NEW.body LIKE '%/media/%') EXECUTE FUNCTION link_revision_media()
"""
ON_UPDATE = """
    CREATE TRIGGER link_changed_revision_media AFTER UPDATE OF body, hidden_at ON post_revisions
    FOR EACH ROW WHEN (NEW.body LIKE '%/media/%') EXECUTE FUNCTION link_revision_media()
"""


def upgrade() -> None:
    op.add_column(
        "posts", sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.create_table(
        "post_revisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("editor_id", sa.BigInteger(), nullable=True),
        sa.Column("changed", sa.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("words_added", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("words_removed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("summary", sa.String(length=500), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.String()), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("renderer_version", sa.Integer(), nullable=True),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "is_hidden_by_moderator",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_revisions_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_revisions")),
        sa.UniqueConstraint("post_id", "number", name=op.f("uq_post_revisions_post_id_number")),
    )
    op.create_index(
        op.f("ix_post_revisions_post_id_created_at"), "post_revisions", ["post_id", "created_at"]
    )
    op.create_index(
        "uq_post_revisions_current",
        "post_revisions",
        ["post_id"],
        unique=True,
        postgresql_where=sa.text("body IS NULL"),
    )
    op.create_index(
        op.f("ix_post_revisions_editor_id"),
        "post_revisions",
        ["editor_id"],
        postgresql_where=sa.text("editor_id IS NOT NULL"),
    )
    op.create_table(
        "revision_media",
        sa.Column("revision_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=32, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["post_revisions.id"],
            name=op.f("fk_revision_media_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("revision_id", "name", name=op.f("pk_revision_media")),
    )
    op.create_index(op.f("ix_revision_media_name"), "revision_media", ["name"])
    for statement in (LINK, ON_INSERT, ON_UPDATE):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("revision_media")
    op.drop_table("post_revisions")
    op.execute("DROP FUNCTION link_revision_media")
    op.drop_column("posts", "revision")
