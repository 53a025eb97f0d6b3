"""Record who is mentioned in posts and comments, and notify them.

Mentions are read from the links of rendered texts (`blog.core.text.syntax.mentions`). Each function
writes in the transaction of the caller, which has locked the texts.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, Boolean, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.events.handlers import record
from blog.core.text.syntax.mentions import addressed_in, mentioned_in
from blog.posts.events import PeopleMentioned

MOST_NOTIFIED = 10

_IDS = ARRAY(BigInteger)
_IS_DELETED = "users.id = ANY (ARRAY(SELECT user_id FROM account_deletions))"
_NOTE = text(f"""
    INSERT INTO mentions (post_id, comment_id, user_id, told)
    SELECT posts.id, given.comment_id, users.id,
        CASE WHEN NOT addresses OR :are_old AND posts.status = 'published' THEN false END
    FROM unnest(:posts, :comments, :names, :addressing) WITH ORDINALITY
        AS given (post_id, comment_id, name, addresses, place)
    LEFT JOIN comments ON comments.id = given.comment_id
    JOIN posts ON posts.id = coalesce(given.post_id, comments.post_id)
    JOIN users ON lower(users.username) = given.name AND NOT {_IS_DELETED}
    ORDER BY place
    ON CONFLICT DO NOTHING
""").bindparams(  # noqa: S608
    bindparam("posts", type_=_IDS),
    bindparam("comments", type_=_IDS),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("addressing", type_=ARRAY(Boolean)),
)
# For people who were only quoted before, or whose mention had been removed.
_ADDRESS = text("""
    UPDATE mentions SET told = NULL
    WHERE post_id = :post AND comment_id IS NOT DISTINCT FROM :comment AND NOT told
        AND user_id IN (SELECT id FROM users WHERE lower(username) = ANY(:names))
""").bindparams(bindparam("comment", type_=BigInteger), bindparam("names", type_=ARRAY(Text)))
_FORGET = text("""
    DELETE FROM mentions
    WHERE post_id = :post AND comment_id IS NOT DISTINCT FROM :comment AND told IS NULL
        AND user_id NOT IN (SELECT id FROM users WHERE lower(username) = ANY(:names))
""").bindparams(bindparam("comment", type_=BigInteger), bindparam("names", type_=ARRAY(Text)))
_TELL = text(f"""
    WITH waiting AS (
        SELECT mentions.id, mentions.post_id, mentions.comment_id,
            coalesce(comments.author_id, posts.author_id) AS author_id, user_id
        FROM mentions
        JOIN posts ON posts.id = mentions.post_id
        LEFT JOIN comments ON comments.id = mentions.comment_id
        WHERE told IS NULL AND user_id IS NOT NULL
            AND posts.status = 'published' AND posts.hidden_at IS NULL
            AND comments.disabled_at IS NULL
            AND (mentions.comment_id = ANY(:comments)
                OR mentions.comment_id IS NULL AND mentions.post_id = ANY(:posts))
    ), numbered AS (
        SELECT id, row_number() OVER (PARTITION BY post_id, comment_id ORDER BY id) + (
            SELECT count(*) FROM mentions AS before
            WHERE before.post_id = waiting.post_id AND told
                AND before.comment_id IS NOT DISTINCT FROM waiting.comment_id
        ) AS number
        FROM waiting WHERE user_id <> author_id
    )
    UPDATE mentions SET told = coalesce(number <= {MOST_NOTIFIED}, false)
    FROM waiting LEFT JOIN numbered USING (id)
    WHERE mentions.id = waiting.id
    RETURNING author_id, mentions.post_id, mentions.comment_id, mentions.user_id, told, mentions.id
""").bindparams(  # noqa: S608
    bindparam("posts", type_=_IDS), bindparam("comments", type_=_IDS)
)


class WrittenText(NamedTuple):
    """The HTML of a comment, or else of a post."""

    html: str
    post_id: int | None = None
    comment_id: int | None = None


async def note_mentions(
    session: AsyncSession, texts: Sequence[WrittenText], *, are_old: bool = False
) -> None:
    """Record who is mentioned in texts. People who are only quoted are not notified.

    Args:
        are_old: whether texts that are already public notify nobody.
    """
    found = [
        (each, name, name in addressed)
        for each in texts
        if (names := mentioned_in(each.html))
        for addressed in [set(addressed_in(each.html))]
        for name in names
    ]
    if found:
        await session.execute(
            _NOTE,
            {
                "posts": [each.post_id for each, _, _ in found],
                "comments": [each.comment_id for each, _, _ in found],
                "names": [name for _, name, _ in found],
                "addressing": [addresses for _, _, addresses in found],
                "are_old": are_old,
            },
        )


async def replace_mentions(
    session: AsyncSession, post_id: int, comment_id: int | None, before: str, after: str
) -> None:
    """Record who is mentioned in a text after an edit.

    Args:
        before: the HTML before the edit; people mentioned there are not notified again.
        after: the HTML after the edit.
    """
    old, new = set(mentioned_in(before)), mentioned_in(after)
    if old.difference(new):
        parameters = {"post": post_id, "comment": comment_id, "names": new}
        await session.execute(_FORGET, parameters)
    if added := set(addressed_in(after)).difference(addressed_in(before)):
        parameters = {"post": post_id, "comment": comment_id, "names": sorted(added)}
        await session.execute(_ADDRESS, parameters)
    if set(new) != old:
        of_comment = {"post_id": None if comment_id else post_id, "comment_id": comment_id}
        await note_mentions(session, [WrittenText(after, **of_comment)])


async def notify_mentioned_in(session: AsyncSession, post_id: int, html: str) -> None:
    """Like `notify_mentioned` for one post, without a statement if its HTML mentions nobody."""
    if mentioned_in(html):
        await notify_mentioned(session, posts=[post_id])


async def notify_mentioned(
    session: AsyncSession, *, posts: Sequence[int] = (), comments: Sequence[int] = ()
) -> None:
    """Record events for people who are mentioned in public texts and were not notified yet.

    Args:
        posts: the ids of posts, without their comments.
        comments: the ids of comments.
    """
    await session.flush()
    rows = await session.execute(_TELL, {"posts": list(posts), "comments": list(comments)})
    notified: dict[tuple[int, int, int | None], list[int]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.id):
        if row.told:
            notified[row.author_id, row.post_id, row.comment_id].append(row.user_id)
    await record(session, *(PeopleMentioned(*of, people) for of, people in notified.items()))
