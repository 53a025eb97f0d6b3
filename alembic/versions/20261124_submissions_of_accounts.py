"""an account is made once by a form that is sent twice"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "6a1c84e2f07b"
down_revision: str | None = "d07a35c9e164"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("submission", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f("uq_users_submission"), "users", ["submission"])


def downgrade() -> None:
    op.drop_constraint(op.f("uq_users_submission"), "users", type_="unique")
    op.drop_column("users", "submission")
