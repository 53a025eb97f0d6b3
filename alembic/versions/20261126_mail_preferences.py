"""which notifications people get by mail, and which have not been mailed yet"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "a7d15c3e90f4"
down_revision: str | None = "2d8f60b3a9c7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES = {"new": "id", "digest": "user_id"}


def upgrade() -> None:
    op.create_table(
        "mail_preferences",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("choices", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("wants_digest", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("digest", sa.String(length=6), server_default="weekly", nullable=False),
        sa.Column("weekday", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("hour", sa.SmallInteger(), server_default="8", nullable=False),
        sa.Column("time_zone", sa.String(length=64), server_default="UTC", nullable=False),
        sa.Column("digest_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "digest IN ('daily', 'weekly')", name=op.f("ck_mail_preferences_digest")
        ),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_mail_preferences_hour")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_mail_preferences_weekday")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mail_preferences_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_mail_preferences")),
    )
    op.create_index(
        op.f("ix_mail_preferences_digest_due_at"),
        "mail_preferences",
        ["digest_due_at"],
        postgresql_where=sa.text("digest_due_at IS NOT NULL"),
    )
    # A column with a constant default takes no time (PostgreSQL 5.6.1).
    op.add_column(
        "notification_items", sa.Column("mail", sa.String(length=6), server_default="new")
    )
    with op.get_context().autocommit_block():
        for state, column in INDEXES.items():
            name = f"ix_notification_items_{state}"
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(
                f"CREATE INDEX CONCURRENTLY {name} ON notification_items ({column})"
                f" WHERE mail = '{state}'"
            )


def downgrade() -> None:
    op.drop_column("notification_items", "mail")
    op.drop_table("mail_preferences")
