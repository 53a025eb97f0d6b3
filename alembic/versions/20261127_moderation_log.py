"""the public log of moderation"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "4d81c07be2f5"
down_revision: str | None = "d15b7a3c90e4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

APPEND_ONLY = """
CREATE FUNCTION refuse_to_change_moderation_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the moderation log are only ever added';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "moderation_log",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("rule", postgresql.JSONB(), nullable=True),
        sa.Column("commitments", postgresql.JSONB(), nullable=False),
        sa.Column("previous", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("hash", sa.String(length=64, collation="C"), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_moderation_log_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_moderation_log")),
        sa.UniqueConstraint("previous", name=op.f("uq_moderation_log_previous")),
        sa.UniqueConstraint("hash", name=op.f("uq_moderation_log_hash")),
    )
    op.create_index(op.f("ix_moderation_log_at"), "moderation_log", ["at"])
    op.create_table(
        "moderation_log_openings",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("fact", sa.String(length=9), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "fact IN ('moderator', 'person', 'about', 'reason')",
            name=op.f("ck_moderation_log_openings_fact"),
        ),
        sa.ForeignKeyConstraint(
            ["number"], ["moderation_log.number"], name=op.f("fk_moderation_log_openings_number")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_moderation_log_openings_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", "fact", name=op.f("pk_moderation_log_openings")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_moderation_log_openings_user_id"), "moderation_log_openings", ["user_id"]
    )
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER moderation_log_is_append_only BEFORE UPDATE OR DELETE ON moderation_log "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_change_moderation_log()"
    )


def downgrade() -> None:
    op.drop_table("moderation_log_openings")
    op.drop_table("moderation_log")
    op.execute("DROP FUNCTION refuse_to_change_moderation_log()")
