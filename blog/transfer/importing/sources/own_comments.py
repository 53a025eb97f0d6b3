"""The comments in an export of this site."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from blog.core.i18n import format_number, lazy_gettext
from blog.transfer.format import COMMENT_LIKES, COMMENTS
from blog.transfer.importing.archive import Archive
from blog.transfer.importing.dates import NO_DATE_OF_COMMENT
from blog.transfer.importing.post import ImportedComment, UnreadableError
from blog.transfer.importing.sources.json_rows import read_rows_of_file
from blog.transfer.importing.sources.own_reactions import OwnReactions
from blog.transfer.importing.sources.source import Remarks, text_or_none

UNREADABLE = lazy_gettext("Your comments can't be read from here on.")
OF_OTHERS = lazy_gettext(
    "Your comments on other people's posts (%(number)s) are skipped, because those posts aren't "
    "yours to bring along."
)
REPLIES_TO_OTHERS = lazy_gettext(
    "Your replies to other people (%(number)s) become comments of their own, because what they "
    "reply to isn't yours to bring along."
)
LIKES_OF_OTHERS = lazy_gettext("Your likes of other comments (%(number)s) are skipped.")
_COLUMNS = {
    "id", "post_id", "parent_id", "body", "created_at", "edited_at", "disabled_at",
    "disabled_reason",
}  # fmt: skip


class OwnComments:
    """The owner's comments on their own posts.

    Args:
        archive: the export.
        posts: the ids of the owner's posts in it.
        reactions: the owner's likes.
    """

    def __init__(self, archive: Archive, posts: Collection[str], reactions: OwnReactions) -> None:
        self._of_post: dict[str, list[ImportedComment]] = defaultdict(list)
        self._remarks = Remarks()
        self._reactions = reactions
        # The post of each comment. A reply comes after its parent.
        self._posts = dict[str, str]()
        others = replies = 0
        try:
            for row in read_rows_of_file(archive, COMMENTS, _COLUMNS):
                if (post := str(row.get("post_id"))) not in posts:
                    others += 1
                    continue
                comment = self._comment(row, post)
                replies += comment.reply_to is None and row.get("parent_id") is not None
                self._of_post[post].append(comment)
                self._posts[comment.number] = post
        except UnreadableError:
            self._remarks.add(UNREADABLE)
        if others:
            self._remarks.add(OF_OTHERS.with_values(number=format_number(others)))
        if replies:
            self._remarks.add(REPLIES_TO_OTHERS.with_values(number=format_number(replies)))
        self._other_likes = len(reactions.comment_likes.keys() - self._posts.keys())

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks about comments that are left out."""
        return tuple(self._remarks)

    @property
    def remarks_on_likes(self) -> tuple[str, ...]:
        """Remarks about likes of comments that are left out."""
        remarks = Remarks(self._reactions.remarks(COMMENT_LIKES))
        if self._other_likes:
            remarks.add(LIKES_OF_OTHERS.with_values(number=format_number(self._other_likes)))
        return tuple(remarks)

    def of_post(self, number: str | None) -> tuple[ImportedComment, ...]:
        """The owner's comments on one of their posts, in order."""
        return tuple(self._of_post.get(number or "", ()))

    def _comment(self, row: dict[str, Any], post: str) -> ImportedComment:
        number, parent = str(row.get("id")), str(row.get("parent_id"))
        problem = NO_DATE_OF_COMMENT.with_values(number=number)
        disabled_at = self._remarks.date_or_now(problem, row.get("disabled_at"))
        return ImportedComment(
            body=str(row.get("body") or ""),
            number=number,
            reply_to=parent if self._posts.get(parent) == post else None,
            liked_at=self._reactions.comment_likes.get(number),
            created_at=self._remarks.date(problem, row.get("created_at")),
            edited_at=self._remarks.date(problem, row.get("edited_at")),
            disabled_at=disabled_at,
            disabled_reason=text_or_none(row.get("disabled_reason")) or "" if disabled_at else None,
        )
