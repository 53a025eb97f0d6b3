"""nobody follows, likes or comments across a block

A service checks that first, with a kind word; these triggers are for what happens at the same
moment. To make them locks `follows`, `post_likes` and `comments` for some milliseconds.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "c06f9d2b84e1"
down_revision: str | None = "5e8c1a07d3b6"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Both sides of a pair of people take a lock: the one who blocks an exclusive one, before the row of
# the block is written, and everybody else a shared one, before looking for that row. Each
# statement of a function sees what was committed before it began, and so after the wait for the
# lock: either the block is seen, or what was written is seen by the one who blocks. There are 256
# locks, so that a statement that writes a million rows does not exhaust them.
LOCK = int.from_bytes(b"bloc")
LOCK_OF_PAIR = """
CREATE FUNCTION lock_of_pair(one bigint, other bigint) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((least(one, other) % 256 * 31 + greatest(one, other)) % 256)::integer
$$
"""
LOCK_FOR_BLOCK = f"""
CREATE FUNCTION lock_for_block(one bigint, other bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock({LOCK}, lock_of_pair(one, other))
$$
"""
REFUSE_BLOCKED = f"""
CREATE FUNCTION refuse_blocked(actors bigint[], people bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCK}, number) FROM (
        SELECT DISTINCT lock_of_pair(actor, person) AS number
        FROM unnest(actors, people) AS pair (actor, person) WHERE actor <> person ORDER BY 1
    ) AS lock;
    IF EXISTS (
        SELECT FROM unnest(actors, people) AS pair (actor, person)
        JOIN blocks ON blocks.user_id = person AND blocks.blocked_id = actor
    ) OR EXISTS (
        SELECT FROM unnest(actors, people) AS pair (actor, person)
        JOIN blocks ON blocks.user_id = actor AND blocks.blocked_id = person
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'one of two people has blocked the other', CONSTRAINT = 'not_blocked';
    END IF;
END
$$
"""  # noqa: S608
PAIRS = {
    "follows": "SELECT follower_id AS actor, followed_id AS person FROM changed",
    "post_likes": """
        SELECT changed.user_id AS actor, posts.author_id AS person
        FROM changed JOIN posts ON posts.id = changed.post_id
    """,
    "comments": """
        SELECT changed.author_id AS actor, posts.author_id AS person
        FROM changed JOIN posts ON posts.id = changed.post_id
    """,
}


def upgrade() -> None:
    op.execute(LOCK_OF_PAIR)
    op.execute(LOCK_FOR_BLOCK)
    op.execute(REFUSE_BLOCKED)
    for table, pairs in PAIRS.items():
        op.execute(
            f"""
            CREATE FUNCTION check_inserted_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM refuse_blocked(array_agg(actor), array_agg(person))
                    FROM ({pairs}) AS pair;
                RETURN NULL;
            END
            $$
            """
        )
        # Before the triggers that count, by its name: who waits for the lock must not hold those
        # of the counts, because blocking changes counts, too.
        op.execute(
            f"""
            CREATE TRIGGER check_inserted_{table} AFTER INSERT ON {table}
            REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION check_inserted_{table}()
            """
        )


def downgrade() -> None:
    for table in PAIRS:
        op.execute(f"DROP TRIGGER check_inserted_{table} ON {table}")
        op.execute(f"DROP FUNCTION check_inserted_{table}()")
    op.execute("DROP FUNCTION refuse_blocked(bigint[], bigint[])")
    op.execute("DROP FUNCTION lock_for_block(bigint, bigint)")
    op.execute("DROP FUNCTION lock_of_pair(bigint, bigint)")
