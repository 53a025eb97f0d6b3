"""when a file of the sitemap has changed last"""

from collections.abc import Sequence

from alembic import op

revision: str = "a1d94f6e03b7"
down_revision: str | None = "c4f1a7d20e93"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NAME = "ix_posts_changed"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
        op.execute(f"""
            CREATE INDEX CONCURRENTLY {NAME}
            ON posts (((id - 1) / 10000), (greatest(published_at, edited_at)))
            WHERE status = 'published' AND hidden_at IS NULL
        """)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
