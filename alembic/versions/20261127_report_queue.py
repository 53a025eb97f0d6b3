"""claims of reports, answers to reporters and their templates, and moderators' notes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9b41c7e2d0f6"
down_revision: str | None = "d1b76e90c43f"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    # A deletion of comments may lock people first, and then reports by a cascade.
    op.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
    op.add_column("reports", sa.Column("answer", sa.Text(), nullable=True))
    op.add_column("reports", sa.Column("claimed_by_id", sa.BigInteger(), nullable=True))
    op.add_column("reports", sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_reports_claimed_by_id"), "reports", "users", ["claimed_by_id"], ["id"],
        ondelete="SET NULL",
    )  # fmt: skip
    op.create_table(
        "answer_templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_templates")),
        sa.UniqueConstraint("name", name=op.f("uq_answer_templates_name")),
    )
    op.create_table(
        "moderator_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["users.id"], name=op.f("fk_moderator_notes_person_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_moderator_notes_author_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_moderator_notes_report_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderator_notes")),
    )  # fmt: skip
    op.create_index(op.f("ix_moderator_notes_author_id"), "moderator_notes", ["author_id"])
    op.create_index(op.f("ix_moderator_notes_person_id_id"), "moderator_notes", ["person_id", "id"])
    op.create_index(
        op.f("ix_moderator_notes_report_id"), "moderator_notes", ["report_id"],
        postgresql_where=sa.text("report_id IS NOT NULL"),
    )  # fmt: skip
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_reports_claimed_by_id")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_reports_claimed_by_id ON reports (claimed_by_id) "
            "WHERE claimed_by_id IS NOT NULL"
        )


def downgrade() -> None:
    op.drop_table("moderator_notes")
    op.drop_table("answer_templates")
    for name in ("claimed_at", "claimed_by_id", "answer"):
        op.drop_column("reports", name)
