"""mail by state"""

from collections.abc import Sequence

from alembic import op

revision: str = "e05d2b96a7f1"
down_revision: str | None = "b7e3a91f4c58"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_emails_state_created_at_id"),
        "emails",
        ["state", "created_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_emails_state_created_at_id"), table_name="emails")
