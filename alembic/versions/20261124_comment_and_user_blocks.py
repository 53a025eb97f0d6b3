"""blocks that count comments and people, as those of posts do"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2f9c6d81b3a5"
down_revision: str | None = "3c94d1f6e827"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("users", "comments")
ACTS = {"inserted": "INSERT ON {} REFERENCING NEW", "deleted": "DELETE ON {} REFERENCING OLD"}

# Locked after the users and the posts, as the blocks of posts are.
ROWS_COME_AND_GO = """
CREATE FUNCTION count_changed_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    EXECUTE format(
        'INSERT INTO %I AS block (number, visible)
            SELECT id / 4096, $1 * count(*) FROM changed GROUP BY 1 ORDER BY 1
            ON CONFLICT (number) DO UPDATE SET visible = block.visible + excluded.visible',
        TG_ARGV[0]
    ) USING sign;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute(ROWS_COME_AND_GO)
    for table in TABLES:
        blocks = f"{table.removesuffix('s')}_blocks"
        op.create_table(
            blocks,
            sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("visible", sa.Integer(), server_default=sa.text("0"), nullable=False),
            sa.PrimaryKeyConstraint("number", name=op.f(f"pk_{blocks}")),
        )
        for act, event in ACTS.items():
            op.execute(
                f"CREATE TRIGGER count_{act}_rows AFTER {event.format(table)} TABLE AS changed "
                f"FOR EACH STATEMENT EXECUTE FUNCTION count_changed_rows('{blocks}')"
            )
        # To make a trigger locks the table: nobody writes between this and the trigger's first use.
        op.execute(
            f"INSERT INTO {blocks} (number, visible) "  # noqa: S608
            f"SELECT id / 4096, count(*) FROM {table} GROUP BY 1"
        )


def downgrade() -> None:
    for table in TABLES:
        for act in ACTS:
            op.execute(f"DROP TRIGGER count_{act}_rows ON {table}")
        op.drop_table(f"{table.removesuffix('s')}_blocks")
    op.execute("DROP FUNCTION count_changed_rows()")
