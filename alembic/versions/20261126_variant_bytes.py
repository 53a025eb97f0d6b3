"""the sizes of the files of images, for enclosures in feeds"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "b7f2e09d3c15"
down_revision: str | None = "5d1c84e6f0a3"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "media_files",
        sa.Column("variant_bytes", postgresql.ARRAY(sa.BigInteger()), nullable=True),
    )


def downgrade() -> None:
    op.drop_column("media_files", "variant_bytes")
