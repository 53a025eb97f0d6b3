"""what the ids in feeds are made of: chosen once, because names and domains change"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5d1c84e6f0a3"
down_revision: str | None = "4b7e0d92c6a1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "site",
        sa.Column("is_only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "namespace", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("is_only_row", name=op.f("ck_site_only_row")),
        sa.PrimaryKeyConstraint("is_only_row", name=op.f("pk_site")),
    )
    op.execute("INSERT INTO site DEFAULT VALUES")


def downgrade() -> None:
    op.drop_table("site")
