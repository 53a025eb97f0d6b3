"""notifications

The tables are new, so nobody waits for them; the next revision adds their keys to what they are
about.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c4e81b96d3a7"
down_revision: str | None = "4d60c2e9b71f"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = "'comment', 'reply', 'mention', 'like', 'follow', 'post', 'moderation', 'report', 'job'"
UNREAD = sa.text("read_at IS NULL")
REFERENCES = (
    "actor_id", "post_id", "comment_id", "liked_post_id", "followed_id", "report_id", "export_id",
    "import_id",
)  # fmt: skip
ONCE = {
    ("post_id", "user_id"): " AND comment_id IS NULL AND liked_post_id IS NULL",
    ("comment_id", "user_id"): "",
    ("liked_post_id", "actor_id"): "",
    ("followed_id", "actor_id"): "",
    ("report_id", "user_id"): "",
    ("export_id",): "",
    ("import_id",): "",
}


def moment() -> "sa.Column[object]":
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        moment(),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_notifications_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        "uq_notifications_unread",
        "notifications",
        ["user_id", "kind", "post_id", "comment_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=UNREAD,
    )
    for columns in (["user_id", "created_at", "id"], ["user_id", "kind", "created_at", "id"]):
        name = op.f(f"ix_notifications_{'_'.join(columns)}")
        op.create_index(name, "notifications", columns)
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["user_id", "created_at", "id"],
        postgresql_where=UNREAD,
    )
    op.create_index(
        op.f("ix_notifications_created_at"),
        "notifications",
        ["created_at"],
        postgresql_where=UNREAD,
    )
    for column in ("read_at", "post_id", "comment_id"):
        _create_partial_index("notifications", [column])

    op.create_table(
        "notification_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in REFERENCES),
        moment(),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_notification_items_notification_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_items")),
    )
    op.create_index(
        op.f("ix_notification_items_notification_id_id"),
        "notification_items",
        ["notification_id", "id"],
    )
    for once, condition in ONCE.items():
        op.create_index(
            f"uq_notification_items_{'_'.join(once)}",
            "notification_items",
            list(once),
            unique=True,
            postgresql_where=sa.text(f"{once[0]} IS NOT NULL{condition}"),
        )
    _create_partial_index("notification_items", ["post_id"])
    _create_partial_index("notification_items", ["actor_id", "user_id"])


def _create_partial_index(table: str, columns: list[str]) -> None:
    op.create_index(
        op.f(f"ix_{table}_{'_'.join(columns)}"),
        table,
        columns,
        postgresql_where=sa.text(f"{columns[0]} IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("notification_items")
    op.drop_table("notifications")
