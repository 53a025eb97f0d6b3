"""the time of publication of the posts that are there, and the indexes of the lists

Each batch is a transaction of its own; begun again, it goes on with what is still missing.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c81f6b20d9e3"
down_revision: str | None = "7a4e1d95c2b8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

POSTS_AT_ONCE = 1000
# Locked in the order of their ids, as by everybody.
FILL = sa.text("""
    WITH batch AS MATERIALIZED (
        SELECT id FROM posts WHERE id > :last AND published_at IS NULL AND status <> 'draft'
        ORDER BY id LIMIT :size FOR NO KEY UPDATE
    ), filled AS (
        UPDATE posts SET published_at = created_at FROM batch WHERE posts.id = batch.id
        RETURNING posts.id
    )
    SELECT max(id) FROM filled
""")
CHECK = "ck_posts_published_at"
TIMED = "CHECK (status = 'draft' OR published_at IS NOT NULL)"
PUBLIC = "WHERE status = 'published' AND hidden_at IS NULL"
NEW_INDEXES = {
    "ix_posts_public": f"posts (published_at, id) INCLUDE (author_id) {PUBLIC}",
    "ix_posts_public_of_author": f"posts (author_id, published_at, id) {PUBLIC}",
    "ix_posts_unpublished": "posts (status, published_at) WHERE status <> 'published'",
}
OLD_INDEXES = {"ix_posts_visible": "posts (id) INCLUDE (author_id) WHERE hidden_at IS NULL"}
BY_AUTHOR = "ix_posts_author_id_id"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection, last = op.get_bind(), 0
        while last is not None:
            last = connection.scalar(FILL, {"last": last, "size": POSTS_AT_ONCE})
        # So that lists can be read off the indexes alone, though every row is a new one; and an
        # autovacuum would hold up what comes next.
        op.execute("VACUUM (ANALYZE) posts")
        # Not before: it would refuse each change of a post that has no time yet.
        drop_check()
        op.execute(f"ALTER TABLE posts ADD CONSTRAINT {CHECK} {TIMED} NOT VALID")
        for check in (CHECK, "ck_posts_status"):
            op.execute(f"ALTER TABLE posts VALIDATE CONSTRAINT {check}")
        build(NEW_INDEXES)
        replace_index(BY_AUTHOR, "posts (author_id, id)")
        drop(OLD_INDEXES)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        build(OLD_INDEXES)
        replace_index(BY_AUTHOR, "posts (author_id, id) INCLUDE (hidden_at)")
        drop(NEW_INDEXES)
        drop_check()


def drop_check() -> None:
    """Let posts have no time of publication."""
    op.execute(f"ALTER TABLE posts DROP CONSTRAINT IF EXISTS {CHECK}")


def build(indexes: dict[str, str]) -> None:
    """Build indexes while the site is in use; begun again, none is left unfinished."""
    drop(indexes)
    for name, definition in indexes.items():
        op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")


def replace_index(name: str, definition: str) -> None:
    """The same for one that is in use until the other is there."""
    build({f"{name}_new": definition})
    drop({name: ""})
    op.execute(f"ALTER INDEX {name}_new RENAME TO {name}")


def drop(indexes: dict[str, str]) -> None:
    """Drop indexes, those that were not finished too."""
    for name in indexes:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
