"""the indexes of slugs, drafts, pinned posts and preview links

Of the posts that are there, none is in them: each takes one pass over the table.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "a2f60b7d15ce"
down_revision: str | None = "4d8a1c6e93f7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES = {
    "uq_posts_slug": "UNIQUE INDEX CONCURRENTLY uq_posts_slug ON posts (author_id, slug)"
    " WHERE slug IS NOT NULL",
    "uq_posts_preview_key": "UNIQUE INDEX CONCURRENTLY uq_posts_preview_key ON posts (preview_key)"
    " WHERE preview_key IS NOT NULL",
    "ix_posts_unpublished_of_author": "INDEX CONCURRENTLY ix_posts_unpublished_of_author"
    " ON posts (author_id, coalesce(edited_at, created_at), id) WHERE status <> 'published'",
    "ix_posts_pinned": "INDEX CONCURRENTLY ix_posts_pinned ON posts (author_id, pinned_at)"
    " WHERE pinned_at IS NOT NULL",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Begun again, it leaves no index unfinished.
        drop()
        for definition in INDEXES.values():
            op.execute(f"CREATE {definition}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        drop()


def drop() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
