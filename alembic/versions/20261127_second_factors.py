"""second factors: authenticator apps, recovery codes and trusted browsers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "8f2a6d13c7e4"
down_revision: str | None = "3c7e91b5d2a8"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def moment(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[sa.DateTime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def of_user(table: str, *, primary_key: bool = False) -> tuple[sa.Column[int], sa.Constraint]:
    return (
        sa.Column("user_id", sa.BigInteger, primary_key=primary_key, autoincrement=False,
                  nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=f"fk_{table}_user_id",
                                ondelete="CASCADE"),
    )  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "authenticators",
        *of_user("authenticators", primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        moment("created_at", now=True),
        moment("last_used_at", nullable=True),
        sa.Column("last_step", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_authenticators"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        *of_user("recovery_codes"),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        moment("created_at", now=True),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.UniqueConstraint("user_id", "code_hash", name="uq_recovery_codes_user_id_code_hash"),
    )
    op.create_table(
        "trusted_browsers",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        *of_user("trusted_browsers"),
        moment("created_at", now=True),
        moment("expires_at"),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("network_address", postgresql.INET),
        sa.PrimaryKeyConstraint("id", name="pk_trusted_browsers"),
        sa.UniqueConstraint("token_hash", name="uq_trusted_browsers_token_hash"),
    )
    for column in ("user_id", "expires_at"):
        op.create_index(f"ix_trusted_browsers_{column}", "trusted_browsers", [column])


def downgrade() -> None:
    for table in ("trusted_browsers", "recovery_codes", "authenticators"):
        op.drop_table(table)
