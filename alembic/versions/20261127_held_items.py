"""posts and comments that are held for review"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "c58e1f07a4d2"
down_revision: str | None = "b83d17f60e29"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CHECKS = {
    "ck_posts_status": (
        "status IN ('draft', 'held', 'scheduled', 'published')",
        "status IN ('draft', 'scheduled', 'published')",
    ),
    "ck_posts_published_at": (
        "status IN ('draft', 'held') OR published_at IS NOT NULL",
        "status = 'draft' OR published_at IS NOT NULL",
    ),
}
WAITS = "decided_at IS NULL"


def upgrade() -> None:
    # In the order in which comments and posts are written.
    op.execute("LOCK TABLE comments, posts, users IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "held_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("submission", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("is_approved", sa.Boolean(), nullable=True),
        sa.Column("rule", postgresql.JSONB(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('post', 'edit', 'comment', 'comment edit')",
            name=op.f("ck_held_items_kind"),
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (is_approved IS NULL)", name=op.f("ck_held_items_decided")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [target], name=op.f(f"fk_held_items_{column}"), ondelete=rule
            )
            for column, target, rule in (
                ("author_id", "users.id", "CASCADE"),
                ("post_id", "posts.id", "CASCADE"),
                ("comment_id", "comments.id", "CASCADE"),
                ("decided_by_id", "users.id", "SET NULL"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_items")),
    )  # fmt: skip
    for name, columns, condition, is_unique in (
        ("uq_held_items_submission", ["submission"], "submission IS NOT NULL", True),
        ("ix_held_items_waiting", ["id"], WAITS, False),
        ("ix_held_items_author_id_id", ["author_id", "id"], None, False),
        ("ix_held_items_post_id", ["post_id"], None, False),
        ("ix_held_items_comment_id", ["comment_id"], "comment_id IS NOT NULL", False),
        ("ix_held_items_decided_by_id", ["decided_by_id"], "decided_by_id IS NOT NULL", False),
        ("ix_held_items_decided", ["decided_at"], "decided_at IS NOT NULL", False),
        ("uq_held_items_post", ["post_id", "kind"], f"{WAITS} AND kind IN ('post', 'edit')", True),
        ("uq_held_items_comment_edit", ["comment_id"], f"{WAITS} AND kind = 'comment edit'", True),
    ):
        op.create_index(
            name, "held_items", columns, unique=is_unique,
            postgresql_where=sa.text(condition) if condition else None,
        )  # fmt: skip
    _replace_checks(0)


def downgrade() -> None:
    op.execute("UPDATE posts SET status = 'draft' WHERE status = 'held'")
    _replace_checks(1)
    op.drop_table("held_items")


def _replace_checks(which: int) -> None:
    """Replace the checks of posts. They are validated apart, while the site is in use."""
    for name, conditions in CHECKS.items():
        with op.get_context().autocommit_block():
            op.execute(f"ALTER TABLE posts DROP CONSTRAINT IF EXISTS {name}")
            op.execute(
                f"ALTER TABLE posts ADD CONSTRAINT {name} CHECK ({conditions[which]}) NOT VALID"
            )
            op.execute(f"ALTER TABLE posts VALIDATE CONSTRAINT {name}")
