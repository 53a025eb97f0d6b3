"""acts on many accounts at once

And what is held or remembered of a deleted comment that has replies goes with its text.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "e72c4a9d05b8"
down_revision: str | None = "a9d3c5e71f42"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

REMOVE = """
CREATE OR REPLACE FUNCTION count_removed_comment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts SET comment_count = comment_count - 1 WHERE id = OLD.post_id;
    DELETE FROM comment_likes WHERE comment_id = OLD.id;
    DELETE FROM reports WHERE comment_id = OLD.id;
    DELETE FROM mentions WHERE comment_id = OLD.id;
    DELETE FROM measures WHERE comment_id = OLD.id;
    {more}
    UPDATE comment_ranges SET visible = visible - 1 WHERE number = OLD.id / 4096;
    DELETE FROM notification_items WHERE comment_id = OLD.id;
    DELETE FROM notifications WHERE comment_id = OLD.id;
    RETURN NULL;
END
$$
"""
MORE = """DELETE FROM held_items WHERE comment_id = OLD.id;
    DELETE FROM removed_texts WHERE comment_id = OLD.id;
    DELETE FROM measure_items WHERE comment_id = OLD.id;"""


def _id(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _time(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **{"nullable": True, **options})


def _key(table: str, column: str, target: str, rule: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=rule)


def upgrade() -> None:
    op.create_table(
        "bulk_acts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _id("moderator_id", null=True),
        _time("created_at", server_default=sa.text("now()"), nullable=False),
        _time("since", nullable=False),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("hides", "disables", "refuses")
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rule", postgresql.JSONB(), nullable=True),
        _time("finished_at"),
        _time("undone_at"),
        _id("undone_by_id", null=True),
        _time("undo_finished_at"),
        _key("bulk_acts", "moderator_id", "users.id", "SET NULL"),
        _key("bulk_acts", "undone_by_id", "users.id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_acts")),
    )
    op.create_table(
        "bulk_act_people",
        _id("bulk_act_id"),
        _id("user_id"),
        _time("done_at"),
        _key("bulk_act_people", "bulk_act_id", "bulk_acts.id", "CASCADE"),
        _key("bulk_act_people", "user_id", "users.id", "CASCADE"),
        sa.PrimaryKeyConstraint("bulk_act_id", "user_id", name=op.f("pk_bulk_act_people")),
    )
    op.create_table(
        "bulk_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _id("bulk_act_id"),
        _id("measure_id", null=True),
        _id("held_item_id", null=True),
        _time("undone_at"),
        _key("bulk_changes", "bulk_act_id", "bulk_acts.id", "CASCADE"),
        _key("bulk_changes", "measure_id", "measures.id", "CASCADE"),
        _key("bulk_changes", "held_item_id", "held_items.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_changes")),
    )
    for table, name in (
        ("bulk_acts", "moderator_id"),
        ("bulk_acts", "undone_by_id"),
        ("bulk_changes", "measure_id"),
        ("bulk_changes", "held_item_id"),
    ):
        op.create_index(
            op.f(f"ix_{table}_{name}"), table, [name],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )  # fmt: skip
    op.create_index(op.f("ix_bulk_act_people_user_id"), "bulk_act_people", ["user_id"])
    op.create_index(op.f("ix_bulk_changes_bulk_act_id_id"), "bulk_changes", ["bulk_act_id", "id"])

    op.execute(REMOVE.format(more=MORE))


def downgrade() -> None:
    op.execute(REMOVE.format(more=""))
    for table in ("bulk_changes", "bulk_act_people", "bulk_acts"):
        op.drop_table(table)
