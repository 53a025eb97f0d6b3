r"""the index of the search in posts, kept by triggers

Posts that are there already are indexed by a job (`blog.search.jobs`), in batches. To make the
triggers locks `posts` and `post_tags` for some milliseconds.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "4b7e0d92c6a1"
down_revision: str | None = "c3e95a18d0f7"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# As in blog/core/text/search_words.py, which does the same with what people search for.
MARKS = (
    r"[\u00AD\u0300-\u036F\u0483-\u0487\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u05F3\u05F4"
    r"\u0610-\u061A\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E8\u06EA-\u06ED"
    r"\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFE00-\uFE0F\uFEFF]"
)
SEPARATORS = (
    r"[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u00D7\u00F7\u02B0-\u02FF"
    r"\u0374\u0375\u037E\u0384\u0385\u0387\u055A-\u055F\u0589\u058A\u05BE\u05C0\u05C3\u05C6"
    r"\u0600-\u060F\u061B-\u061F\u066A-\u066D\u06D4\u06DD\u06DE\u06E9\u06FD\u06FE\u0700-\u070D"
    r"\u0964\u0965\u0970\u0E2F\u0E4F\u0E5A\u0E5B\u104A-\u104F\u10FB\u1360-\u1368\u17D4-\u17DB"
    r"\u1800-\u180A\u2000-\u206F\u20A0-\u20CF\u2100-\u2BFF\u2E00-\u2E7F\u2FF0-\u3004\u3008-\u3030"
    r"\u3036\u3037\u303D-\u303F\u309B\u309C\u30A0\u30FB\u3200-\u33FF\u4DC0-\u4DFF\uA490-\uA4CF"
    r"\uE000-\uF8FF\uFD3E\uFD3F\uFE10-\uFE6F\uFF00-\uFF20\uFFE0-\uFFFF\U0001D000-\U0001D3FF"
    r"\U0001F000-\U0001FAFF\U000E0000-\U0010FFFF]+"
)
UNSPACED = (
    r"\u0E01-\u0E2E\u0E30-\u0E4E\u0E81-\u0EDF\u1000-\u1049\u1050-\u109F\u1780-\u17D3\u3005-\u3007"
    r"\u3031-\u3035\u3040-\u309A\u309D-\u309F\u30A1-\u30FA\u30FC-\u312F\u3400-\u4DBF\u4E00-\u9FFF"
    r"\uAC00-\uD7A3\uF900-\uFAFF\U00020000-\U0003FFFF"
)

LETTERS = "øđłðıħςىة٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"
FOLDED_LETTERS = "odldihσيه01234567890123456789"  # noqa: RUF001

# Words in their folded form, separated by spaces; where words are not separated, pairs of
# characters, and the last character by itself: by its beginning, each character is found.
SEARCH_TEXT = rf"""
CREATE FUNCTION search_text(given text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    is_ascii boolean := octet_length(given) = length(given);
    folded text COLLATE "default" := given;
BEGIN
    IF given = '' THEN
        RETURN '';
    END IF;
    IF NOT is_ascii THEN
        folded := normalize(folded, NFKD);
        -- A letter of its own, whose endings the stemmer knows.
        folded := replace(replace(folded, U&'\0438\0306', U&'\0439'), U&'\0418\0306', U&'\0419');
        folded := regexp_replace(folded, '{MARKS}', '', 'g');
    END IF;
    folded := lower(folded);
    IF NOT is_ascii THEN
        folded := replace(replace(replace(folded, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
        folded := translate(folded, '{LETTERS}', '{FOLDED_LETTERS}');
        folded := normalize(replace(folded, 'þ', 'th'), NFC);
    END IF;
    folded := regexp_replace(folded, '([a-z])\+\+(?![a-z0-9+])', '\1plusplus', 'g');
    folded := regexp_replace(folded, '([a-z])#(?![a-z0-9#])', '\1sharp', 'g');
    folded := regexp_replace(folded, '{SEPARATORS}', ' ', 'g');
    IF NOT is_ascii AND folded ~ '[{UNSPACED}]' THEN
        -- Each character twice, but the first of a run; then two at a time.
        folded := regexp_replace(folded, '([{UNSPACED}])', '\1\1', 'g');
        folded := regexp_replace(folded, '(^|[^{UNSPACED}])([{UNSPACED}])', '\1', 'g');
        folded := regexp_replace(folded, '([{UNSPACED}]{{1,2}})', ' \1 ', 'g');
    END IF;
    RETURN folded;
END
$$
"""

# The configuration for a language (a BCP 47 tag), if this version of PostgreSQL has it. What is
# unknown counts as English: that adds the forms of its words, and takes nothing away.
CONFIGURATIONS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali",
    "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip
SEARCH_CONFIGURATION = """
CREATE FUNCTION search_configuration(language text) RETURNS regconfig
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE split_part(lower(coalesce(language, 'en')), '-', 1) {cases}
        ELSE 'simple'::regconfig END
$$
"""
# What is searched, with the weights A to D; and what the operators look for, which is no word:
# the author, the tags and whether there is an image. Of a text, what a reader sees: not where its
# links lead. Texts that nobody writes are cut before PostgreSQL refuses them.
SEARCH_DOCUMENT = r"""
CREATE FUNCTION search_document(post posts, configuration regconfig) RETURNS tsvector
LANGUAGE plpgsql STABLE AS $$
DECLARE
    of_post CONSTANT bigint := post.id;
    body text := post.body;
    parts text[];
    weights CONSTANT "char"[] := '{A,B,C,D}';
    names text;
    keys text[];
    -- No phrase goes on from one part to the next.
    gap CONSTANT tsvector := '|\:9';
    document tsvector := '';
    one regconfig;
BEGIN
    SELECT search_text(coalesce(string_agg(name, ' ' ORDER BY position), '')),
        coalesce(array_agg('#' || tag_id), '{}')
        INTO names, keys
        FROM post_tags JOIN tags ON tags.id = tag_id WHERE post_id = of_post;
    keys := keys || ('@' || post.author_id);
    IF post.cover_id IS NOT NULL OR body ~ '!\[[^]]*\][[(]' THEN
        keys := keys || '!image'::text;
    END IF;
    body := regexp_replace(body, '\]\([^()\s]*(\s+"[^"]*")?\)', '] ', 'g');
    body := regexp_replace(body, '^ {0,3}\[[^]^][^]]*\]:\s*\S+.*$', '', 'gn');
    parts := ARRAY[
        search_text(coalesce(post.title, '')), names, search_text(coalesce(post.summary, '')),
        left(search_text(body), 100000)
    ];
    FOREACH one IN ARRAY CASE configuration
        WHEN 'simple'::regconfig THEN ARRAY[configuration]
        ELSE ARRAY['simple'::regconfig, configuration] END
    LOOP
        FOR number IN 1..4 LOOP
            IF parts[number] <> '' THEN
                document := document || gap
                    || setweight(to_tsvector(one, parts[number]), weights[number]);
            END IF;
        END LOOP;
    END LOOP;
    RETURN ts_delete(document, '|') || array_to_tsvector(keys);
END
$$
"""
INDEX_POSTS = """
CREATE FUNCTION index_posts(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_configurations (name)
        SELECT DISTINCT search_configuration(coalesce(posts.language, users.language))::text
        FROM posts JOIN users ON users.id = author_id WHERE posts.id = ANY (ids)
        EXCEPT SELECT name FROM search_configurations ORDER BY 1
        ON CONFLICT DO NOTHING;
    INSERT INTO post_search (post_id, author_id, listed_at, document)
        SELECT posts.id, author_id,
            CASE WHEN status = 'published' AND hidden_at IS NULL THEN published_at END,
            search_document(
                posts, search_configuration(coalesce(posts.language, users.language))
            )
        FROM posts JOIN users ON users.id = author_id WHERE posts.id = ANY (ids)
        ORDER BY posts.id
        ON CONFLICT (post_id) DO UPDATE
        SET listed_at = excluded.listed_at, document = excluded.document;
$$
"""
# The words to find, the words not to find, and the keys: in the syntax of `to_tsquery`, folded.
# A text of one language is found by other forms of a word, whichever language the reader has.
SEARCH_QUERY = """
CREATE FUNCTION search_query(words text, without text, keys text) RETURNS tsquery
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
TRIGGER_FUNCTIONS = (
    """
    CREATE FUNCTION index_new_posts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM index_posts(array_agg(id)) FROM changed;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION index_tagged_posts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM index_posts(array_agg(DISTINCT post_id)) FROM changed;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION index_edited_post() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM index_posts(ARRAY[NEW.id]);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION list_found_post() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE post_search SET listed_at = CASE
            WHEN NEW.status = 'published' AND NEW.hidden_at IS NULL THEN NEW.published_at END
            WHERE post_id = NEW.id;
        RETURN NULL;
    END
    $$
    """,
)
FUNCTIONS = (
    "search_query", "index_new_posts", "index_tagged_posts", "index_edited_post",
    "list_found_post", "index_posts", "search_document", "search_configuration", "search_text",
)  # fmt: skip
TRIGGERS = {
    "index_new_posts": """
        AFTER INSERT ON posts REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION index_new_posts()
    """,
    "index_edited_post": """
        AFTER UPDATE OF title, summary, body, language, cover_id ON posts FOR EACH ROW
        WHEN (
            (OLD.title, OLD.summary, OLD.body, OLD.language, OLD.cover_id)
            IS DISTINCT FROM (NEW.title, NEW.summary, NEW.body, NEW.language, NEW.cover_id)
        )
        EXECUTE FUNCTION index_edited_post()
    """,
    "list_found_post": """
        AFTER UPDATE OF status, published_at, hidden_at ON posts FOR EACH ROW
        WHEN (
            OLD.status <> NEW.status OR OLD.published_at IS DISTINCT FROM NEW.published_at
            OR (OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL)
        )
        EXECUTE FUNCTION list_found_post()
    """,
}
OF_TAGS = {
    "index_newly_tagged_posts": "INSERT ON post_tags REFERENCING NEW TABLE",
    "index_untagged_posts": "DELETE ON post_tags REFERENCING OLD TABLE",
    "index_retagged_posts": "UPDATE ON post_tags REFERENCING NEW TABLE",
}


def upgrade() -> None:
    op.create_table(
        "search_configurations",
        sa.Column("name", sa.String(length=63, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_search_configurations")),
    )
    op.create_table(
        "post_search",
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_search_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_search")),
    )
    op.create_index(
        op.f("ix_post_search_document"), "post_search", ["document"], postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 512},
    )  # fmt: skip
    op.create_index(
        "ix_post_search_listed", "post_search", ["listed_at", "post_id"],
        postgresql_where=sa.text("listed_at IS NOT NULL"), postgresql_include=["author_id"],
    )  # fmt: skip
    known = set(op.get_bind().scalars(sa.text("SELECT cfgname FROM pg_ts_config")))
    cases = " ".join(
        f"WHEN '{tag}' THEN '{name}'::regconfig"
        for tag, name in CONFIGURATIONS.items()
        if name in known
    )
    for statement in (
        SEARCH_TEXT, SEARCH_CONFIGURATION.format(cases=cases), SEARCH_DOCUMENT, INDEX_POSTS,
        SEARCH_QUERY, *TRIGGER_FUNCTIONS,
    ):  # fmt: skip
        op.execute(statement)
    for name, trigger in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {trigger}")
    for name, event in OF_TAGS.items():
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} AS changed "
            "FOR EACH STATEMENT EXECUTE FUNCTION index_tagged_posts()"
        )


def downgrade() -> None:
    # One after another, as those who write lock the posts first.
    with op.get_context().autocommit_block():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER IF EXISTS {name} ON posts")
        for name in OF_TAGS:
            op.execute(f"DROP TRIGGER IF EXISTS {name} ON post_tags")
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION IF EXISTS {name}")
        op.execute("DROP TABLE IF EXISTS post_search")
        op.execute("DROP TABLE IF EXISTS search_configurations")
