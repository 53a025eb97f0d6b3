"""posts no longer counted in blocks, and for their authors as soon as they are public"""

from collections.abc import Sequence

from alembic import op

revision: str = "b604c7e8152f"
down_revision: str | None = "e27b94f6a083"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# `changed` holds what the statement inserted or deleted. Users are locked in one order everywhere.
POSTS_COME_AND_GO = """
CREATE OR REPLACE FUNCTION count_changed_posts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM FROM users WHERE id IN (SELECT author_id FROM changed)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE users SET post_count = post_count + sign * change.posts
        FROM (
            SELECT author_id, count(*) AS posts FROM changed
            WHERE status = 'published' AND hidden_at IS NULL GROUP BY 1
        ) AS change
        WHERE id = change.author_id;
    RETURN NULL;
END
$$
"""
A_POST_CHANGES = """
CREATE OR REPLACE FUNCTION count_hidden_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was_counted integer := (OLD.status = 'published' AND OLD.hidden_at IS NULL)::integer;
    is_counted integer := (NEW.status = 'published' AND NEW.hidden_at IS NULL)::integer;
BEGIN
    UPDATE users SET post_count = post_count + is_counted - was_counted
        WHERE id = NEW.author_id AND is_counted <> was_counted;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE OR REPLACE TRIGGER count_hidden_post AFTER UPDATE OF status, hidden_at ON posts
    FOR EACH ROW WHEN (
        OLD.status <> NEW.status OR (OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL)
    )
    EXECUTE FUNCTION count_hidden_post()
"""
# As they were before there were drafts.
POSTS_COME_AND_GO_BEFORE = """
CREATE OR REPLACE FUNCTION count_changed_posts() RETURNS trigger LANGUAGE plpgsql AS $$
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
A_POST_CHANGES_BEFORE = """
CREATE OR REPLACE FUNCTION count_hidden_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE WHEN NEW.hidden_at IS NULL THEN 1 ELSE -1 END;
BEGIN
    UPDATE users SET post_count = post_count + sign WHERE id = NEW.author_id;
    INSERT INTO post_blocks AS block (number, visible) VALUES (NEW.id / 4096, sign)
        ON CONFLICT (number) DO UPDATE SET visible = block.visible + excluded.visible;
    RETURN NULL;
END
$$
"""
TRIGGER_BEFORE = """
CREATE OR REPLACE TRIGGER count_hidden_post AFTER UPDATE OF hidden_at ON posts
    FOR EACH ROW WHEN ((OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL))
    EXECUTE FUNCTION count_hidden_post()
"""
# Nobody writes posts between this and the end of the transaction, some milliseconds later: each
# post is counted by the triggers of before or by those of afterwards. Who reads goes on.
LOCK = "LOCK TABLE posts IN SHARE ROW EXCLUSIVE MODE"


def upgrade() -> None:
    op.execute(LOCK)
    for statement in (POSTS_COME_AND_GO, A_POST_CHANGES, TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    op.execute(LOCK)
    # The version before would show them to everybody.
    op.execute(
        "UPDATE posts SET hidden_at = now() WHERE status <> 'published' AND hidden_at IS NULL"
    )
    for statement in (POSTS_COME_AND_GO_BEFORE, A_POST_CHANGES_BEFORE, TRIGGER_BEFORE):
        op.execute(statement)
