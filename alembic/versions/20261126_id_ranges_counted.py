"""comments and people counted in ranges of ids by their new name"""

from collections.abc import Sequence

from alembic import op

revision: str = "f52a7be3d184"
down_revision: str | None = "83f1d6c09ab4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

EVENTS = {"inserted": "INSERT ON {} REFERENCING NEW", "deleted": "DELETE ON {} REFERENCING OLD"}


def upgrade() -> None:
    count_in("ranges")


def downgrade() -> None:
    count_in("blocks")


def count_in(kind: str) -> None:
    """Let the triggers count in tables of this kind; each is a transaction, and locks one table."""
    with op.get_context().autocommit_block():
        for table in ("comment", "user"):
            for name, event in EVENTS.items():
                op.execute(
                    f"CREATE OR REPLACE TRIGGER count_{name}_rows "
                    f"AFTER {event.format(f'{table}s')} TABLE AS changed FOR EACH STATEMENT "
                    f"EXECUTE FUNCTION count_changed_rows('{table}_{kind}')"
                )
