"""the index of cover images

It is for deleting images, and contains none of the posts that are there.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "2c91e7a4d06b"
down_revision: str | None = "b83d5f20c9a7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Begun again, it leaves no index unfinished.
        drop()
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_posts_cover_id ON posts (cover_id)"
            " WHERE cover_id IS NOT NULL"
        )
        op.execute("ALTER TABLE posts VALIDATE CONSTRAINT fk_posts_cover_id")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        drop()


def drop() -> None:
    op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_posts_cover_id")
