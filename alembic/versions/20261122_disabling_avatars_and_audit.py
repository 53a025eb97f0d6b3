"""disabling, avatars and audit"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "8d2f6c0b7a14"
down_revision: str | None = "29c96846c61f"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A reference that becomes NULL because its account is deleted is all that may change.
APPEND_ONLY = """
CREATE FUNCTION refuse_to_change_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (NEW.actor_id IS NULL OR NEW.actor_id = OLD.actor_id)
        AND (NEW.subject_id IS NULL OR NEW.subject_id = OLD.subject_id)
        AND (to_jsonb(NEW) - '{actor_id,subject_id}'::text[])
            = (to_jsonb(OLD) - '{actor_id,subject_id}'::text[])
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit entries are only ever added';
END
$$
"""


def upgrade() -> None:
    op.execute("ALTER TABLE users SET (fillfactor = 85)")
    op.alter_column("users", "username", type_=sa.String(length=64, collation="C"))
    op.alter_column("users", "email", type_=sa.String(length=254, collation="C"))
    op.add_column(
        "users",
        sa.Column(
            "avatar_hash",
            sa.String(length=64),
            sa.Computed(
                r"encode(sha256(decode(replace(email, '\', '\\'), 'escape')), 'hex')",
                persisted=True,
            ),
            nullable=False,
        ),
    )
    op.add_column("users", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_users_disabled",
        "users",
        [sa.literal_column("lower(username)")],
        unique=False,
        postgresql_where=sa.text("disabled_at IS NOT NULL"),
    )
    op.create_index(
        "ix_users_unconfirmed",
        "users",
        [sa.literal_column("lower(username)")],
        unique=False,
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_name", sa.String(length=64), nullable=False),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["users.id"],
            name=op.f("fk_audit_entries_actor_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["users.id"],
            name=op.f("fk_audit_entries_subject_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(op.f("ix_audit_entries_actor_id"), "audit_entries", ["actor_id"], unique=False)
    op.create_index(
        op.f("ix_audit_entries_subject_id"), "audit_entries", ["subject_id"], unique=False
    )
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER audit_entries_are_append_only BEFORE UPDATE OR DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_change_audit_entry()"
    )


def downgrade() -> None:
    op.drop_table("audit_entries")
    op.execute("DROP FUNCTION refuse_to_change_audit_entry()")
    op.drop_index("ix_users_unconfirmed", table_name="users")
    op.drop_index("ix_users_disabled", table_name="users")
    op.drop_column("users", "disabled_at")
    op.drop_column("users", "avatar_hash")
    op.alter_column("users", "email", type_=sa.String(length=254, collation="default"))
    op.alter_column("users", "username", type_=sa.String(length=64, collation="default"))
    op.execute("ALTER TABLE users RESET (fillfactor)")
