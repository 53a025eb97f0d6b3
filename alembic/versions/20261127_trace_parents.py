"""the spans that have enqueued jobs and mails"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8b2d6f0c4e19"
down_revision: str | None = "a93d5c1e7f24"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("trace_parent", sa.String(55), nullable=True))
    op.add_column("emails", sa.Column("trace_parent", sa.String(55), nullable=True))


def downgrade() -> None:
    op.drop_column("emails", "trace_parent")
    op.drop_column("jobs", "trace_parent")
