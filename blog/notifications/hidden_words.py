"""Notifications about a text with a word or tag that their recipient hides.

None are created, so none are counted, mailed or sent live; existing ones are deleted when a person
hides a word. What counts is the text of the notification: a comment, or else a post. On pages, such
texts are collapsed (`blog.posts.hidden_words`).
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import NotificationKind

# The other kinds are about what people do, or about the recipient's own texts.
KINDS = (
    NotificationKind.COMMENT, NotificationKind.REPLY, NotificationKind.MENTION,
    NotificationKind.POST,
)  # fmt: skip


def has_hidden_word(*, kind: str, user_id: str, comment_id: str, post_id: str) -> str:
    """The SQL condition that a notification is about such a text.

    Args:
        kind: an SQL expression, like all arguments.
        user_id: the recipient.
        comment_id: the comment, or NULL.
        post_id: the post.
    """
    kinds = ", ".join(f"'{each}'" for each in KINDS)
    query = "search_query(hidden_words.folded, '', '')"
    return f"""
        {kind} IN ({kinds}) AND EXISTS (
            SELECT FROM hidden_words WHERE hidden_words.user_id = {user_id} AND CASE
                WHEN {comment_id} IS NOT NULL THEN NOT is_tag AND EXISTS (
                    SELECT FROM comment_search
                    WHERE comment_search.comment_id = {comment_id} AND document @@ {query}
                )
                WHEN is_tag THEN EXISTS (
                    SELECT FROM tags JOIN post_tags ON tag_id = coalesce(merged_into_id, tags.id)
                    WHERE tags.folded = hidden_words.folded AND post_tags.post_id = {post_id}
                )
                ELSE EXISTS (
                    SELECT FROM post_search
                    WHERE post_search.post_id = {post_id} AND document @@ {query}
                )
            END
        )
    """  # noqa: S608


_HAS_HIDDEN_WORD = has_hidden_word(
    kind="notifications.kind",
    user_id="notifications.user_id",
    comment_id="notification_items.comment_id",
    post_id="notification_items.post_id",
)
_RETRACT = text(f"""
    DELETE FROM notification_items USING notifications
    WHERE notifications.id = notification_id
        AND notifications.user_id = ANY(CAST(:people AS bigint[])) AND {_HAS_HIDDEN_WORD}
""")  # noqa: S608


async def retract_hidden(session: AsyncSession, people: Sequence[int]) -> None:
    """Delete these people's notifications about texts with a word or tag that they hide."""
    await session.execute(_RETRACT, {"people": list(people)})
