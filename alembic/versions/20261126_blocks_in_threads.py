"""nobody replies to or likes comments across a block

Replaces the function that checks new comments, which locks nothing, and checks new likes of
comments.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "f27b4e9a60d5"
down_revision: str | None = "a3d61e08c57b"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ON_POST = """
    SELECT changed.author_id AS actor, posts.author_id AS person
    FROM changed JOIN posts ON posts.id = changed.post_id
"""
REPLIES = """
    UNION ALL
    SELECT changed.author_id, comments.author_id
    FROM changed JOIN comments ON comments.id = changed.parent_id
    WHERE comments.author_id IS NOT NULL
"""
LIKES = """
    SELECT changed.user_id AS actor, comments.author_id AS person
    FROM changed JOIN comments ON comments.id = changed.comment_id
    WHERE comments.author_id IS NOT NULL
"""


def check(table: str, pairs: str) -> None:
    """Let a function check the inserted rows of a table."""
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION check_inserted_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM refuse_blocked(array_agg(actor), array_agg(person)) FROM ({pairs}) AS pair;
            RETURN NULL;
        END
        $$
        """
    )


def upgrade() -> None:
    check("comments", ON_POST + REPLIES)
    check("comment_likes", LIKES)
    op.execute(
        """
        CREATE TRIGGER check_inserted_comment_likes AFTER INSERT ON comment_likes
        REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION check_inserted_comment_likes()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER check_inserted_comment_likes ON comment_likes")
    op.execute("DROP FUNCTION check_inserted_comment_likes()")
    check("comments", ON_POST)
