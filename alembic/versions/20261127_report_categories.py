"""categories of reports, and whom they are about"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "c2e80d5f7a19"
down_revision: str | None = "5e7a90c3b1d4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

SET_AUTHOR = """
CREATE FUNCTION set_author_of_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.author_id = CASE WHEN NEW.post_id IS NULL
        THEN (SELECT author_id FROM comments WHERE id = NEW.comment_id)
        ELSE (SELECT author_id FROM posts WHERE id = NEW.post_id) END;
    RETURN NEW;
END
$$
"""
INDEXES = {
    "ix_reports_open_of_category": "(category, id) WHERE closed_at IS NULL",
    "ix_reports_closed_of_category": "(category, id) WHERE closed_at IS NOT NULL",
    "ix_reports_author_id_id": "(author_id, id)",
}


def upgrade() -> None:
    # A deletion of comments may lock people first, and then reports by a cascade.
    op.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
    op.add_column(
        "reports",
        sa.Column("category", sa.String(length=5), server_default="other", nullable=False),
    )
    op.add_column("reports", sa.Column("rule", postgresql.JSONB(), nullable=True))
    op.add_column("reports", sa.Column("author_id", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_reports_category"), "reports",
        "(rule IS NULL) = (category IN ('spam', 'other'))",
    )  # fmt: skip
    op.execute(SET_AUTHOR)
    op.execute(
        "CREATE TRIGGER set_author_of_report BEFORE INSERT ON reports "
        "FOR EACH ROW EXECUTE FUNCTION set_author_of_report()"
    )
    op.execute(
        "UPDATE reports SET author_id = posts.author_id FROM posts WHERE posts.id = reports.post_id"
    )
    op.execute(
        "UPDATE reports SET author_id = comments.author_id FROM comments "
        "WHERE comments.id = reports.comment_id"
    )
    op.alter_column("reports", "author_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_reports_author_id"), "reports", "users", ["author_id"], ["id"], ondelete="CASCADE"
    )
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON reports {columns}")


def downgrade() -> None:
    op.execute("DROP TRIGGER set_author_of_report ON reports")
    op.execute("DROP FUNCTION set_author_of_report()")
    for name in ("author_id", "rule", "category"):
        op.drop_column("reports", name)
