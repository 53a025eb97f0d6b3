"""applications for accounts, and invitations"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b71e5c90d3a8"
down_revision: str | None = "c4e81a6d2f07"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INVITED = "ix_users_invited_by_id_id"
# Checked apart from the lock under which they are added. What older rows have is valid.
CHECKS = {
    "ck_users_confirmed_after_approval": "CHECK (NOT awaits_approval OR confirmed_at IS NULL)",
    "fk_users_invited_by_id": (
        "FOREIGN KEY (invited_by_id) REFERENCES users (id) ON DELETE SET NULL"
    ),
}


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD COLUMN awaits_approval boolean DEFAULT false NOT NULL,"
        " ADD COLUMN invited_by_id bigint,"
        " ADD COLUMN shows_inviter boolean DEFAULT false NOT NULL"
    )
    for name, check in CHECKS.items():
        op.execute(f"ALTER TABLE users ADD CONSTRAINT {name} {check} NOT VALID")
    op.create_table(
        "applications",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        created_at(),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_applications_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_applications")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("inviter_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=120), server_default="", nullable=False),
        created_at(),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invitee_id", sa.BigInteger(), nullable=True),
        sa.Column("submission", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invitee_id"],
            ["users.id"],
            name=op.f("fk_invitations_invitee_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["inviter_id"], ["users.id"], name=op.f("fk_invitations_inviter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
    )
    op.create_index(
        "uq_invitations_submission",
        "invitations",
        ["submission"],
        unique=True,
        postgresql_where=sa.text("submission IS NOT NULL"),
    )
    op.create_index(op.f("ix_invitations_invitee_id"), "invitations", ["invitee_id"])
    op.create_index(op.f("ix_invitations_inviter_id_id"), "invitations", ["inviter_id", "id"])
    with op.get_context().autocommit_block():
        for name in CHECKS:
            op.execute(f"ALTER TABLE users VALIDATE CONSTRAINT {name}")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INVITED}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {INVITED} ON users (invited_by_id, id)"
            " WHERE invited_by_id IS NOT NULL"
        )


def created_at() -> sa.Column[object]:
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def downgrade() -> None:
    op.drop_table("invitations")
    op.drop_table("applications")
    op.execute(
        "ALTER TABLE users DROP COLUMN shows_inviter, DROP COLUMN invited_by_id,"
        " DROP COLUMN awaits_approval"
    )
