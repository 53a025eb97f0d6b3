"""no two usernames look alike"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "4f0e7b92a6d1"
down_revision: str | None = "6a1c84e2f07b"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PEOPLE_AT_ONCE = 1000
# What `blog.accounts.registration.usernames.fold` was when this was written.
FOLD = r"""
    trim(BOTH '_' FROM regexp_replace(
        replace(replace(translate(lower(username), '01i.', 'oll_'), 'rn', 'm'), 'vv', 'w'),
        '_+', '_', 'g'
    ))
"""
# The oldest account of each fold gets it. The index makes sure of that if somebody registers in
# between: the batch fails, and nothing of it stays.
FILL = sa.text(f"""
    WITH batch AS (
        SELECT id, {FOLD} AS fold FROM users WHERE id > :after ORDER BY id LIMIT :number
    ), oldest AS (
        SELECT DISTINCT ON (fold) id, fold FROM batch
        WHERE NOT EXISTS (SELECT FROM users AS other WHERE other.username_fold = batch.fold)
        ORDER BY fold, id
    ), filled AS (
        UPDATE users SET username_fold = oldest.fold FROM oldest
        WHERE users.id = oldest.id AND users.username_fold IS NULL
    )
    SELECT max(id) FROM batch
""")  # noqa: S608


def upgrade() -> None:
    connection = op.get_bind()
    with op.get_context().autocommit_block():
        # A first attempt may have been given up half-way.
        op.execute(
            'ALTER TABLE users ADD COLUMN IF NOT EXISTS username_fold varchar(64) COLLATE "C"'
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_users_username_fold")
        op.create_index(
            "uq_users_username_fold",
            "users",
            ["username_fold"],
            unique=True,
            postgresql_where=sa.text("username_fold IS NOT NULL"),
            postgresql_concurrently=True,
        )
        after: int | None = 0
        while after is not None:
            after = connection.scalar(FILL, {"after": after, "number": PEOPLE_AT_ONCE})


def downgrade() -> None:
    op.drop_index("uq_users_username_fold", "users")
    op.drop_column("users", "username_fold")
