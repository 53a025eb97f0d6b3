"""The fields of a post apart from its text, and how they are stored."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Select,
    delete,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.text.excerpts import excerpt
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.text.reading_time import word_count
from blog.core.text.slugs import is_slug_of, slug_of
from blog.core.text.tags import fold_tag
from blog.models import Cover, Media, MediaFile, Post, PostTag, Tag, User
from blog.models.cover import facts_of_cover
from blog.posts.schemas import PostFields

# The columns, by the names of their fields in the API and forms.
COLUMNS_BY_FIELD = {
    "title": "title",
    "language": "language",
    "excerpt": "summary",
    "canonical_url": "canonical_url",
    "cover": "cover_id",
    "comments_open": "comments_open",
    "comments_limited": "comments_limited",
}
MOST_PINNED = 3
# A change of one of these marks the post as edited.
READ_BY_ALL = {"title", "body", "summary"}
NO_SUCH_IMAGE = lazy_gettext(
    "This isn't one of the author's images. It may have been deleted. Please choose another one."
)
IS_PINNED = lazy_gettext(
    "You can pin up to %(most)s posts. Unpin another one first.", most=MOST_PINNED
)
IS_BLOCKED = lazy_gettext("Moderators have blocked the tag “%(name)s”. Please remove it.")
SLUG_IS_TAKEN = lazy_gettext("One of your other posts has this slug. Please choose another one.")


def text_columns(body: str, body_html: str) -> dict[str, Any]:
    """The columns to store for a text.

    Args:
        body: Markdown.
        body_html: the rendered text.
    """
    return {"body": body, **html_columns(body_html)}


def html_columns(body_html: str) -> dict[str, Any]:
    """The columns to store for the HTML of a text."""
    return {
        "body_html": body_html,
        "excerpt": excerpt(body_html),
        "word_count": word_count(body_html),
        "renderer_version": RENDERER_VERSION,
    }


def field_columns(form: PostFields, names: Collection[str]) -> dict[str, Any]:
    """The columns to store for these fields of a form, except for the slug and the tags."""
    return {
        column: getattr(form, name) for name, column in COLUMNS_BY_FIELD.items() if name in names
    }


def changed_columns(post: Post, form: PostFields, body_html: str | None) -> dict[str, Any]:
    """The columns that an edit changes, except for the slug and the tags.

    Args:
        form: the form.
        body_html: the rendered text, if the form has one.
    """
    columns = field_columns(form, form.model_fields_set)
    changes = {name: value for name, value in columns.items() if getattr(post, name) != value}
    body = getattr(form, "body", None)
    # A draft has no HTML if the renderer refused its text.
    is_new = body != post.body or (body_html and not post.body_html)
    if body_html is not None and body is not None and is_new:
        changes |= text_columns(body, body_html)
    return changes


def has_tags(post: Post, form: PostFields) -> bool:
    """Whether a post has the tags of a form, or the form leaves them unchanged."""
    if "tags" not in form.model_fields_set:
        return True
    return [*map(fold_tag, post.tags)] == [*map(fold_tag, form.tags)]


class BlockedTagsError(InvalidFieldsError):
    """Moderators have blocked some tags.

    Args:
        folded: their folded names.
        name: one of them.
    """

    def __init__(self, folded: Collection[str], name: str) -> None:
        super().__init__({"tags": IS_BLOCKED.with_values(name=name)})
        self.folded = folded


async def tag_ids(
    session: AsyncSession, names: Sequence[str], *, of_posts: Collection[int] = ()
) -> list[int]:
    """The ids of tags, in this order, each once.

    The arguments and errors are those of `lock_tags`.
    """
    ids = await lock_tags(session, names, of_posts=of_posts)
    return [*dict.fromkeys(ids.values())]


async def lock_tags(
    session: AsyncSession, names: Sequence[str], *, of_posts: Collection[int] = ()
) -> dict[str, int]:
    """Add missing tags, and lock all tags, because triggers count their posts.

    All are locked at once, in the order that all writers follow.

    Args:
        session: the transaction of a write, which has locked its post but no author or day yet.
        names: distinct names, as returned by `blog.core.text.tags.clean_tags`.
        of_posts: the ids of posts whose current tags are locked as well.

    Returns:
        The ids of the tags by folded name, in the order of `names`. A tag that was merged into
        another has the id of the other.

    Raises:
        BlockedTagsError: moderators have blocked some of them.
    """
    if not names and not of_posts:
        return {}
    folded = {fold_tag(name): name for name in names}
    # Sorted, so that concurrent writers of the same tags don't deadlock.
    if rows := [{"folded": key, "name": folded[key]} for key in sorted(folded)]:
        await session.execute(insert(Tag).values(rows).on_conflict_do_nothing())
    target_id = func.coalesce(Tag.merged_into_id, Tag.id)
    named = select(target_id).where(Tag.folded.in_(folded))
    present = select(PostTag.tag_id).where(PostTag.post_id.in_(of_posts))
    wanted = select(Tag.id).where(Tag.id.in_(union_all(named, present)))
    await session.execute(wanted.order_by(Tag.id).with_for_update(key_share=True))
    if not names:
        return {}
    # Read after locking: moderators may have merged some tags while this waited for the locks.
    tag = aliased(Tag)
    found = (
        await session.execute(
            select(Tag.folded, tag.id, tag.blocked_at)
            .join(tag, tag.id == target_id)
            .where(Tag.folded.in_(folded))
        )
    ).all()
    if blocked := [row.folded for row in found if row.blocked_at is not None]:
        raise BlockedTagsError(blocked, folded[blocked[0]])
    ids = {row.folded: row.id for row in found}
    return {key: ids[key] for key in folded}


async def set_tags(session: AsyncSession, post_id: int, ids: Sequence[int]) -> None:
    """Replace the tags of a post by these, in this order."""
    await session.execute(delete(PostTag).where(PostTag.post_id == post_id))
    if ids:
        rows = [
            {"post_id": post_id, "tag_id": tag_id, "position": position}
            for position, tag_id in enumerate(ids)
        ]
        await session.execute(insert(PostTag), rows)


def keeps_slug(post: Post, form: PostFields, title: str | None) -> bool:
    """Whether a post keeps its slug with this title.

    A slug that was derived from the title changes with it; one that the author chose stays.
    """
    is_given = "slug" in form.model_fields_set
    if is_given and form.slug is not None:
        return form.slug == post.slug
    if post.slug is None:
        return title is None
    is_own = post.title is None or not is_slug_of(post.slug, post.title)
    if is_own and not is_given:
        return True
    return title is not None and is_slug_of(post.slug, title)


async def lock_author(session: AsyncSession, author_id: int) -> None:
    """Lock the author, so that no other transaction assigns slugs to their posts."""
    await session.execute(
        select(User.id).where(User.id == author_id).with_for_update(key_share=True)
    )


async def chosen_cover(session: AsyncSession, cover_id: int) -> Cover | None:
    """An image as the cover of a post that it is chosen for now, with its present alternative text;
    `None` if there is no such image."""
    facts = select(facts_of_cover(literal(cover_id, BigInteger), null()))
    return Cover.read(await session.scalar(facts))


async def lock_cover(session: AsyncSession, author_id: int, cover_id: int) -> None:
    """Lock an image that becomes a cover, so that it isn't deleted as unused meanwhile.

    The caller has locked the post, if it exists.

    Raises:
        InvalidFieldsError: it isn't one of the author's images.
    """
    own = (Media.id == cover_id, Media.owner_id == author_id)
    file = select(MediaFile.name).where(MediaFile.name.in_(select(Media.name).where(*own)))
    image = select(Media.id).where(*own)
    for rows in (file, image):
        found = await session.scalar(rows.with_for_update(read=True, key_share=True))
    if found is None:
        raise InvalidFieldsError({"cover": NO_SUCH_IMAGE})


async def choose_slug(
    session: AsyncSession, author_id: int, title: str | None, own: str | None, post_id: int = 0
) -> str | None:
    """Choose a post's slug: the author's, or one derived from the title; `None` without either.

    Locks the author.

    Args:
        title: the title of the post.
        own: the slug that the author chose.
        post_id: the id of the post, if it already exists.

    Raises:
        InvalidFieldsError: another post of this author has this slug.
    """
    if own is None and title is None:
        return None
    await lock_author(session, author_id)
    others = select(Post.id).where(Post.author_id == author_id, Post.id != post_id)
    if own is not None:
        if await session.scalar(others.where(Post.slug == own)) is not None:
            raise InvalidFieldsError({"slug": SLUG_IS_TAKEN})
        return own
    base = slug_of(title or "")
    if await session.scalar(others.where(Post.slug == base)) is None:
        return base
    return f"{base}-{await session.scalar(_first_free_number(author_id, post_id, base))}"


async def pin_columns(
    session: AsyncSession, form: PostFields, author_id: int, post: Post | None, time: datetime
) -> dict[str, Any]:
    """The columns to store to pin or unpin a post; empty if nothing changes.

    Locks the author.

    Raises:
        InvalidFieldsError: the author has the maximum number of pinned posts.
    """
    is_pinned = post is not None and post.pinned_at is not None
    if "pinned" not in form.model_fields_set or form.pinned == is_pinned:
        return {}
    if not form.pinned:
        return {"pinned_at": None}
    await lock_author(session, author_id)
    pinned = select(func.count()).where(Post.author_id == author_id, Post.pinned_at.is_not(None))
    if (await session.scalars(pinned)).one() >= MOST_PINNED:
        raise InvalidFieldsError({"pinned": IS_PINNED})
    return {"pinned_at": time}


def _first_free_number(author_id: int, post_id: int, base: str) -> Select[int]:
    """The smallest number from 2 that makes a slug unique when appended."""
    others = (Post.author_id == author_id, Post.id != post_id)
    # By the collation "C", all slugs that start with "base-" sort before "base.".
    similar = select(func.count()).where(*others, Post.slug > base, Post.slug < f"{base}.")
    number = func.generate_series(2, similar.scalar_subquery() + 2).column_valued("number")
    is_taken = exists().where(*others, Post.slug == func.concat(base, "-", number))
    return select(number).where(~is_taken).order_by(number).limit(1)
