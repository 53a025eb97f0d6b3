"""what is searched for is looked for once, if several languages have the same forms of it

Before, each language of the site added the same phrase again, and each was compared with the
positions in every text.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "d20b6e8f41c7"
down_revision: str | None = "a7d3e91c5b42"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

DISTINCT = """
CREATE OR REPLACE FUNCTION search_query(words text, without text, keys text) RETURNS tsquery
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found tsquery[] := ARRAY[to_tsquery('simple', words)];
    unwanted tsquery[] := ARRAY[to_tsquery('simple', without)];
    wanted tsquery := found[1];
    forbidden tsquery := unwanted[1];
    configuration regconfig;
    one tsquery;
BEGIN
    FOR configuration IN
        SELECT name::regconfig FROM search_configurations WHERE name <> 'simple' ORDER BY name
    LOOP
        one := to_tsquery(configuration, words);
        IF one <> ALL (found) THEN
            found := array_append(found, one);
            wanted := wanted || one;
        END IF;
        one := to_tsquery(configuration, without);
        IF one <> ALL (unwanted) THEN
            unwanted := array_append(unwanted, one);
            forbidden := forbidden || one;
        END IF;
    END LOOP;
    RETURN wanted && !!forbidden && keys::tsquery;
END
$$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION search_query(words text, without text, keys text) RETURNS tsquery
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found tsquery := to_tsquery('simple', words);
    unwanted tsquery := to_tsquery('simple', without);
    configuration regconfig;
BEGIN
    FOR configuration IN
        SELECT name::regconfig FROM search_configurations WHERE name <> 'simple' ORDER BY name
    LOOP
        found := found || to_tsquery(configuration, words);
        unwanted := unwanted || to_tsquery(configuration, without);
    END LOOP;
    RETURN found && !!unwanted && keys::tsquery;
END
$$
"""


def upgrade() -> None:
    op.execute(DISTINCT)


def downgrade() -> None:
    op.execute(BEFORE)
