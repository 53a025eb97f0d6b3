"""accounts that were disabled before there were measures get one, against which they can appeal"""

from collections.abc import Sequence

from alembic import op

revision: str = "0f8d52b6c3ae"
down_revision: str | None = "e63f0a94b7d2"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# From now on, because the time for an appeal begins with the measure.
ADD = """
INSERT INTO measures (person_id, moderator_id, kind, reason)
SELECT users.id, last.actor_id, 'disable',
    coalesce(last.details ->> 'reason', 'No reason was recorded.')
FROM users LEFT JOIN LATERAL (
    SELECT actor_id, details FROM audit_entries
    WHERE subject_id = users.id AND act = 'disable account' ORDER BY id DESC LIMIT 1
) AS last ON true
WHERE users.disabled_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM account_deletions WHERE user_id = users.id)
    AND NOT EXISTS (
        SELECT FROM measures
        WHERE person_id = users.id AND kind = 'disable' AND ended_at IS NULL
    )
"""


def upgrade() -> None:
    op.execute(ADD)


def downgrade() -> None:
    """What was added is as good as any other measure."""
