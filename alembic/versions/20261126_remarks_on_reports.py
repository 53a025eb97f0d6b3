"""what moderators remark when they close a report

Of those that are closed already, the remark is in the audit log only.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "8d4f60b7a2ce"
down_revision: str | None = "5b8e27d1c3fa"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE reports ADD COLUMN IF NOT EXISTS remark TEXT")


def downgrade() -> None:
    op.drop_column("reports", "remark")
