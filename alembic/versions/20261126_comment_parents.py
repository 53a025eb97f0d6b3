"""the key of replies to comments, validated in a transaction that locks nobody out"""

from collections.abc import Sequence

from alembic import op

revision: str = "5f7a2e9c81d4"
down_revision: str | None = "e91d4c6b20f7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE comments VALIDATE CONSTRAINT fk_comments_parent_id")


def downgrade() -> None:
    """A valid key may stay."""
