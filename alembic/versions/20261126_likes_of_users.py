"""who likes and bookmarks posts, in a transaction that doesn't lock the posts"""

from collections.abc import Sequence

from alembic import op

revision: str = "e2a96d5b13f8"
down_revision: str | None = "7d1f4c80b9e3"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("post_likes", "bookmarks")


def upgrade() -> None:
    for table in TABLES:
        op.create_foreign_key(
            op.f(f"fk_{table}_user_id"), table, "users", ["user_id"], ["id"], ondelete="CASCADE"
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_constraint(op.f(f"fk_{table}_user_id"), table)
