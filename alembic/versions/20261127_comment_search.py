"""the index of the search in comments, kept by triggers

Comments that are there already are indexed by a job (`blog.search.jobs`), in batches. To make the
triggers locks `comments` for some milliseconds.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "8c41d7e2f03b"
down_revision: str | None = "4d8f1a6c20b7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# As of a post (`search_document`): what a reader sees of the text, and the key of the author.
COMMENT_DOCUMENT = r"""
CREATE FUNCTION comment_document(given text, author_id bigint, configuration regconfig)
RETURNS tsvector LANGUAGE plpgsql STABLE AS $$
DECLARE
    body text := given;
    document tsvector;
BEGIN
    IF position(']' IN body) > 0 THEN
        body := regexp_replace(body, '\]\([^()\s]*(\s+"[^"]*")?\)', '] ', 'g');
        body := regexp_replace(body, '^ {0,3}\[[^]^][^]]*\]:\s*\S+.*$', '', 'gn');
    END IF;
    body := left(search_text(body), 100000);
    document := to_tsvector('simple'::regconfig, body);
    IF configuration <> 'simple'::regconfig THEN
        -- No phrase goes on from one form to the other.
        document := document || '|\:9'::tsvector || to_tsvector(configuration, body);
    END IF;
    RETURN ts_delete(document, '|') || array_to_tsvector(ARRAY['@' || author_id]);
END
$$
"""
# A comment is in the language of its post. What is deleted or disabled has no row.
INDEX_COMMENTS = """
CREATE FUNCTION index_comments(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_configurations (name)
        SELECT DISTINCT search_configuration(coalesce(posts.language, users.language))::text
        FROM comments JOIN posts ON posts.id = post_id JOIN users ON users.id = posts.author_id
        WHERE comments.id = ANY (ids)
        EXCEPT SELECT name FROM search_configurations ORDER BY 1
        ON CONFLICT DO NOTHING;
    DELETE FROM comment_search USING comments
        WHERE comment_id = ANY (ids) AND comments.id = comment_id
            AND (comments.author_id IS NULL OR comments.disabled_at IS NOT NULL);
    INSERT INTO comment_search (comment_id, post_id, author_id, listed_at, document)
        SELECT comments.id, post_id, comments.author_id, comments.created_at,
            comment_document(
                comments.body, comments.author_id,
                search_configuration(coalesce(posts.language, users.language))
            )
        FROM comments JOIN posts ON posts.id = post_id JOIN users ON users.id = posts.author_id
        WHERE comments.id = ANY (ids) AND comments.author_id IS NOT NULL
            AND comments.disabled_at IS NULL
        ORDER BY comments.id
        ON CONFLICT (comment_id) DO UPDATE SET document = excluded.document;
$$
"""
TRIGGER_FUNCTIONS = (
    """
    CREATE FUNCTION index_new_comments() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM index_comments(array_agg(id)) FROM changed;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION index_edited_comment() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM index_comments(ARRAY[NEW.id]);
        RETURN NULL;
    END
    $$
    """,
)
TRIGGERS = {
    "index_new_comments": """
        AFTER INSERT ON comments REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION index_new_comments()
    """,
    "index_edited_comment": """
        AFTER UPDATE OF body, author_id, disabled_at ON comments FOR EACH ROW
        WHEN (
            OLD.body <> NEW.body OR OLD.author_id IS DISTINCT FROM NEW.author_id
            OR (OLD.disabled_at IS NULL) <> (NEW.disabled_at IS NULL)
        )
        EXECUTE FUNCTION index_edited_comment()
    """,
}
FUNCTIONS = (
    "index_new_comments", "index_edited_comment", "index_comments", "comment_document",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "comment_search",
        sa.Column("comment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_search_comment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_comment_search")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_comment_search_document"), "comment_search", ["document"],
        postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 512},
    )  # fmt: skip
    op.create_index(
        "ix_comment_search_listed", "comment_search", ["listed_at", "comment_id"],
        postgresql_include=["author_id"],
    )  # fmt: skip
    for statement in (COMMENT_DOCUMENT, INDEX_COMMENTS, *TRIGGER_FUNCTIONS):
        op.execute(statement)
    for name, trigger in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {trigger}")


def downgrade() -> None:
    # One after another, as those who write lock the comments first.
    with op.get_context().autocommit_block():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER IF EXISTS {name} ON comments")
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION IF EXISTS {name}")
        op.execute("DROP TABLE IF EXISTS comment_search")
