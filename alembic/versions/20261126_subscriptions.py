"""who gets an author's posts by mail, counted by a trigger"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8e27b4f0a6d3"
down_revision: str | None = "c3a9e51d7f20"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ACTIVE = sa.text("confirmed_at IS NOT NULL AND ended_at IS NULL")
# NEW of a deletion and OLD of an insertion have only NULLs.
COUNT = """
CREATE FUNCTION count_changed_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change integer := (NEW.confirmed_at IS NOT NULL AND NEW.ended_at IS NULL)::integer
        - (OLD.confirmed_at IS NOT NULL AND OLD.ended_at IS NULL)::integer;
BEGIN
    IF change <> 0 THEN
        UPDATE users SET subscriber_count = subscriber_count + change
            WHERE id = coalesce(NEW.author_id, OLD.author_id);
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("subscriber_count", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(length=254, collation="C"), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_subscriptions_author_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("author_id", "email", name=op.f("uq_subscriptions_author_id_email")),
    )
    op.create_index(op.f("ix_subscriptions_email_id"), "subscriptions", ["email", "id"])
    op.create_index(
        "ix_subscriptions_active", "subscriptions", ["author_id", "id"], postgresql_where=ACTIVE
    )
    for column, condition in (("asked_at", "confirmed_at IS NULL"),
                              ("ended_at", "ended_at IS NOT NULL")):  # fmt: skip
        op.create_index(
            op.f(f"ix_subscriptions_{column}"), "subscriptions", [column],
            postgresql_where=sa.text(condition),
        )  # fmt: skip
    op.execute(COUNT)
    op.execute(
        "CREATE TRIGGER count_changed_subscription"
        " AFTER INSERT OR DELETE OR UPDATE OF confirmed_at, ended_at ON subscriptions"
        " FOR EACH ROW EXECUTE FUNCTION count_changed_subscription()"
    )


def downgrade() -> None:
    op.drop_table("subscriptions")
    op.execute("DROP FUNCTION count_changed_subscription()")
    op.drop_column("users", "subscriber_count")
