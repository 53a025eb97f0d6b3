"""muted and blocked people, and hidden words and tags

The tables are new, so nobody waits for them; the next revision adds the triggers.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5e8c1a07d3b6"
down_revision: str | None = "e07a5d24f8b1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OTHERS = {"mutes": "muted_id", "blocks": "blocked_id"}


def created_at() -> sa.Column[sa.DateTime]:
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    for table, other in OTHERS.items():
        op.create_table(
            table,
            sa.Column("user_id", sa.BigInteger(), nullable=False),
            sa.Column(other, sa.BigInteger(), nullable=False),
            created_at(),
            sa.CheckConstraint(f"user_id <> {other}", name=op.f(f"ck_{table}_not_oneself")),
            sa.ForeignKeyConstraint(
                ["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint(
                [other], ["users.id"], name=op.f(f"fk_{table}_{other}"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("user_id", other, name=op.f(f"pk_{table}")),
        )
        of_person = ["user_id", "created_at", other]
        op.create_index(op.f(f"ix_{table}_{'_'.join(of_person)}"), table, of_person)
    op.create_index(op.f("ix_mutes_muted_id"), "mutes", ["muted_id"])
    op.create_index(op.f("ix_blocks_blocked_id_user_id"), "blocks", ["blocked_id", "user_id"])
    op.create_table(
        "hidden_words",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("is_tag", sa.Boolean(), nullable=False),
        sa.Column("folded", sa.String(length=1000, collation="C"), nullable=False),
        sa.Column("word", sa.String(length=100), nullable=False),
        created_at(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_hidden_words_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hidden_words")),
        sa.UniqueConstraint(
            "user_id", "is_tag", "folded", name=op.f("uq_hidden_words_user_id_is_tag_folded")
        ),
    )


def downgrade() -> None:
    for table in ("hidden_words", "blocks", "mutes"):
        op.drop_table(table)
