"""Posts."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    and_,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from blog.core.text.excerpts import shown_in_lists
from blog.models.base import Base, Count, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.cover import Cover, facts_of_cover
from blog.models.tag import names_of_tags
from blog.models.user import User


class PostStatus(StrEnum):
    """Whether a post is published. A held post is waiting for a moderator (`HeldItem`)."""

    DRAFT = "draft"
    HELD = "held"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"


# The planner uses a partial index only if the query contains the index's condition.
_PUBLISHED: ColumnElement[str] = literal_column("'published'")


def is_public(posts: Any) -> ColumnElement[bool]:
    """Whether a post is public, regardless of whether its author has been deleted.

    Args:
        posts: the mapped class, or the columns of its table.
    """
    return and_(posts.status == _PUBLISHED, posts.hidden_at.is_(None))


def is_unpublished(posts: Any) -> ColumnElement[bool]:
    """Whether a post is a draft, held or scheduled, as the partial indexes for these express it.

    Args:
        posts: the mapped class, or the columns of its table.
    """
    return and_(posts.status != _PUBLISHED)


class Post(Base):
    """A post: its Markdown, and the HTML that was rendered from it on write.

    Lists are in the order (`published_at`, `id`). Triggers of this table update `users.post_count`
    and `post_days`, which count public posts: published, and not hidden.
    """

    __tablename__ = "posts"

    id: Mapped[RowId] = mapped_column()
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Without a title, a post is a note.
    title: Mapped[str | None] = mapped_column(String(200))
    # The end of its URL, unique among the posts of its author (`blog.core.text.slugs`).
    slug: Mapped[str | None] = mapped_column(String(100, collation="C"))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    # The excerpt for lists (`blog.core.text.excerpts`); NULL if the post is short, or older than
    # excerpts.
    excerpt: Mapped[str | None] = mapped_column(Text)
    renderer_version: Mapped[int] = mapped_column(Integer)
    # NULL for a post that was rendered before words were counted.
    word_count: Mapped[int | None] = mapped_column(Integer)
    # A summary by its author, which lists show instead of the beginning. The API calls it
    # `excerpt`.
    summary: Mapped[str | None] = mapped_column(String(500))
    # A BCP 47 tag; NULL stands for the author's language.
    language: Mapped[str | None] = mapped_column(String(35))
    # Its URL on another site, if it was first published there.
    canonical_url: Mapped[str | None] = mapped_column(String(2000))
    comments_open: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    # Whether only people the author follows can comment, if comments are open.
    comments_limited: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("media.id", ondelete="SET NULL"))
    # The alternative text that the cover had when it was chosen. NULL if that is still the text of
    # the image.
    cover_alt: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    status: Mapped[PostStatus] = mapped_column(
        String(9), server_default=PostStatus.PUBLISHED, default=PostStatus.PUBLISHED
    )
    # The time of publication: the start of the transaction, or the original time of an imported
    # post. For a scheduled post, it is in the future; for a draft, it may be NULL.
    published_at: Mapped[datetime | None] = mapped_column(server_default=text("now()"))
    # The local time for which it is scheduled: `published_at` in `time_zone`.
    scheduled_wall: Mapped[datetime | None] = mapped_column(DateTime)
    time_zone: Mapped[str | None] = mapped_column(String(64))
    edited_at: Mapped[datetime | None]
    # Incremented by each edit; the editor sends back the version that it has loaded.
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    # The number of the text that was published last (`PostRevision`); 0 if none ever was.
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    # When a moderator hid the post, and why. Only its author and moderators see it, and no list
    # shows it. The reason is NULL if it was hidden before reasons were stored here.
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None] = mapped_column(Text)
    # When its author pinned it to their profile.
    pinned_at: Mapped[datetime | None]
    # The secret of the link with which others can read it before it is published.
    preview_key: Mapped[str | None] = mapped_column(String(43, collation="C"))
    comment_count: Mapped[Count]
    like_count: Mapped[Count]
    submission: Mapped[SubmissionKey]

    author: Mapped[User] = relationship(lazy="raise")
    # Their names, in the order that the author chose.
    tags: Mapped[list[str]] = column_property(names_of_tags(id))
    cover_facts: Mapped[list[Any] | None] = column_property(facts_of_cover(cover_id, cover_alt))

    # Whether the edit in this request is held for review, so that readers still see the old text.
    holds_edit = False

    @property
    def is_public(self) -> bool:
        """Whether the post is public."""
        return self.status == PostStatus.PUBLISHED and self.hidden_at is None

    @property
    def shown_language(self) -> str | None:
        """Its language, or else that of its author, which has to be loaded."""
        return self.language or self.author.language

    @property
    def cover(self) -> Cover | None:
        """Its cover image."""
        return Cover.read(self.cover_facts)

    @property
    def beginning(self) -> str:
        """The HTML of its beginning, as lists show it."""
        return self._shown_in_lists[0]

    @property
    def is_cut(self) -> bool:
        """Whether lists show only an excerpt."""
        return self._shown_in_lists[1]

    @property
    def _shown_in_lists(self) -> tuple[str, bool]:
        return shown_in_lists(self.excerpt, self.body_html, len(self.body_html.encode()))

    __table_args__ = (
        unique_submission_index("posts"),
        CheckConstraint("status IN ('draft', 'held', 'scheduled', 'published')", name="status"),
        CheckConstraint(
            "status IN ('draft', 'held') OR published_at IS NOT NULL", name="published_at"
        ),
        Index(None, "author_id", "id"),
        # The lists of one author, and of all. Includes the author, to skip posts of deleted
        # accounts.
        Index(
            "ix_posts_public_of_author",
            "author_id",
            "published_at",
            "id",
            postgresql_where=text("status = 'published' AND hidden_at IS NULL"),
        ),
        Index(
            "ix_posts_public",
            "published_at",
            "id",
            postgresql_where=text("status = 'published' AND hidden_at IS NULL"),
            postgresql_include=["author_id"],
        ),
        # For the times at which files of the sitemap changed (`blog.discovery.queries.FILE`).
        Index(
            "ix_posts_changed",
            text("((id - 1) / 10000)"),
            text("greatest(published_at, edited_at)"),
            postgresql_where=text("status = 'published' AND hidden_at IS NULL"),
        ),
        # The posts of one status, such as those that are to be published next.
        Index(
            "ix_posts_unpublished",
            "status",
            "published_at",
            postgresql_where=text("status <> 'published'"),
        ),
        # The unpublished posts of an author, the last changed first.
        Index(
            "ix_posts_unpublished_of_author",
            "author_id",
            func.coalesce(text("edited_at"), text("created_at")),
            "id",
            postgresql_where=text("status <> 'published'"),
        ),
        Index(None, "cover_id", postgresql_where=text("cover_id IS NOT NULL")),
        Index("ix_posts_hidden", "id", postgresql_where=text("hidden_at IS NOT NULL")),
        Index(
            "ix_posts_hidden_of_author",
            "author_id",
            "id",
            postgresql_where=text("hidden_at IS NOT NULL"),
        ),
        Index(
            "ix_posts_pinned",
            "author_id",
            "pinned_at",
            postgresql_where=text("pinned_at IS NOT NULL"),
        ),
        Index(
            "uq_posts_slug",
            "author_id",
            "slug",
            unique=True,
            postgresql_where=text("slug IS NOT NULL"),
        ),
        Index(
            "uq_posts_preview_key",
            "preview_key",
            unique=True,
            postgresql_where=text("preview_key IS NOT NULL"),
        ),
        # Leaves room for HOT updates, as in `users`: of the comment count and of rerendered HTML.
        {"postgresql_with": {"fillfactor": 90}},
    )
