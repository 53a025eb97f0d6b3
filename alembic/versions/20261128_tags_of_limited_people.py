"""tags don't count the posts of limited people

Triggers keep them out of the counts; a job takes out those that were written before their author
was limited, because it locks tags, which writers of posts lock before people.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "5e0c8d72b9a4"
down_revision: str | None = "a1d94f6e03b7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

LIMITED = "SELECT id FROM users WHERE limited_at IS NOT NULL"
IS_COUNTED = "status = 'published' AND hidden_at IS NULL"
DESCRIBE_ONE = """
CREATE OR REPLACE FUNCTION describe_post_tag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT author_id, CASE WHEN {is_counted} THEN published_at END
        INTO NEW.author_id, NEW.published_at FROM posts WHERE id = NEW.post_id;
    RETURN NEW;
END
$$
"""
# What a tag counts is what its rows say, so a count is right whichever of the posts are described.
DESCRIBE = """
CREATE OR REPLACE FUNCTION describe_tags_of_posts(changed bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM tags
        WHERE id IN (SELECT tag_id FROM post_tags WHERE post_id = ANY (changed))
        ORDER BY id FOR NO KEY UPDATE;
    WITH described AS (
        SELECT post_tags.post_id, post_tags.tag_id, post_tags.published_at AS before,
            CASE WHEN {is_counted} THEN posts.published_at END AS now
        FROM post_tags JOIN posts ON posts.id = post_tags.post_id
        WHERE post_tags.post_id = ANY (changed)
    ), updated AS (
        UPDATE post_tags SET published_at = described.now FROM described
        WHERE post_tags.post_id = described.post_id AND post_tags.tag_id = described.tag_id
            AND described.before IS DISTINCT FROM described.now
        RETURNING post_tags.tag_id,
            (described.now IS NOT NULL)::integer - (described.before IS NOT NULL)::integer AS change
    )
    UPDATE tags SET post_count = post_count + total.change
        FROM (
            SELECT tag_id, sum(change) AS change FROM updated GROUP BY 1 HAVING sum(change) <> 0
        ) AS total
        WHERE id = total.tag_id;
END
$$
"""
A_POST_CHANGES = """
CREATE OR REPLACE FUNCTION carry_publication_to_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM describe_tags_of_posts(ARRAY[NEW.id]);
    RETURN NULL;
END
$$
"""
A_POST_CHANGED_BEFORE = """
CREATE OR REPLACE FUNCTION carry_publication_to_tags() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was_counted integer := (OLD.status = 'published' AND OLD.hidden_at IS NULL)::integer;
    is_counted integer := (NEW.status = 'published' AND NEW.hidden_at IS NULL)::integer;
    its_tags bigint[] := ARRAY(SELECT tag_id FROM post_tags WHERE post_id = NEW.id);
BEGIN
    PERFORM FROM tags WHERE id = ANY (its_tags) ORDER BY id FOR NO KEY UPDATE;
    UPDATE post_tags SET published_at = CASE is_counted WHEN 1 THEN NEW.published_at END
        WHERE post_id = NEW.id;
    UPDATE tags SET post_count = post_count + is_counted - was_counted
        WHERE id = ANY (its_tags) AND is_counted <> was_counted;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    is_counted = f"{IS_COUNTED} AND posts.author_id NOT IN ({LIMITED})"
    op.execute(DESCRIBE.format(is_counted=is_counted))
    op.execute(DESCRIBE_ONE.format(is_counted=is_counted))
    op.execute(A_POST_CHANGES)
    op.execute(f"""
        INSERT INTO jobs (kind, key, payload, state)
        SELECT 'count_tags_of_person', id::text, jsonb_build_object('person_id', id), 'waiting'
        FROM ({LIMITED}) AS limited
    """)  # noqa: S608


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind = 'count_tags_of_person'")
    op.execute(DESCRIBE_ONE.format(is_counted=IS_COUNTED))
    op.execute(DESCRIBE.format(is_counted=IS_COUNTED))
    op.execute(f"""
        SELECT describe_tags_of_posts(array_agg(id)) FROM posts WHERE author_id IN ({LIMITED})
    """)  # noqa: S608
    op.execute(A_POST_CHANGED_BEFORE)
    op.execute("DROP FUNCTION describe_tags_of_posts")
