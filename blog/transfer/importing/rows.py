"""Insert the rows of imported posts."""

import re
from collections.abc import Sequence
from uuid import UUID

from quart import current_app as quart_app
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.clock import now
from blog.core.i18n import lazy_gettext, ngettext
from blog.core.web.app import current_app
from blog.models import Cover, Media, MediaFile, Post, PostStatus, User
from blog.models import ImportedPost as ImportedRow
from blog.posts.bulk import free_slugs, ids_of_tags, insert_posts
from blog.posts.fields import MOST_PINNED, lock_author, text_columns
from blog.posts.publication import NOT_SCHEDULED
from blog.posts.review import content_of_edit
from blog.review.content import Content
from blog.review.rules import reasons_to_hold
from blog.transfer.importing.batch import ReadyPost, Remark
from blog.transfer.importing.companions import insert_companions
from blog.transfer.importing.fields import key_of
from blog.transfer.importing.post import ImportedPost
from blog.transfer.importing.reactions import insert_reactions

SLUG_IS_TAKEN = lazy_gettext(
    "Its slug is changed to “%(slug)s”, because one of your other posts has “%(wanted)s”."
)

IS_HELD = lazy_gettext("It's a draft: on this site a moderator reads it before it's published.")
COMMENTS_ARE_HELD = lazy_gettext(
    "Your comments on it are skipped: moderators would have to read them first."
)
# What readers see of a post in addition to its text and tags.
TEXTS = ("title", "summary", "slug", "canonical_url")


class Rows:
    """Adds the posts of one author.

    Args:
        owner_id: the author.
        is_trial: whether nothing is written.
    """

    def __init__(self, owner_id: int, *, is_trial: bool) -> None:
        self._owner_id = owner_id
        self._is_trial = is_trial
        # What a trial run would have added so far.
        self._slugs: set[str] = set()
        self._pinned = 0

    async def find_present(self, posts: Sequence[ImportedPost]) -> dict[UUID, UUID | None]:
        """Find the posts that were imported before or exported from this site.

        Returns:
            The keys of these posts, with the digests of what was imported; `None` for exported
            ones.
        """
        async with current_app.database.reading_session() as session:
            present: dict[UUID, UUID | None] = {
                **await self._find_digests(session, [key_of(post) for post in posts])
            }
            pattern = re.compile(re.escape(quart_app.config["BASE_URL"]) + "/post/([0-9]{1,18})")
            own = {
                int(found[1]): post
                for post in posts
                if (found := pattern.fullmatch(post.exported_from or ""))
            }
            if own:
                theirs = (Post.id.in_(own), Post.author_id == self._owner_id)
                for number in await session.scalars(select(Post.id).where(*theirs)):
                    present.setdefault(key_of(own[number]), None)
        return present

    async def _find_digests(self, session: AsyncSession, keys: Sequence[UUID]) -> dict[UUID, UUID]:
        rows = await session.execute(
            select(ImportedRow.key, ImportedRow.digest).where(
                ImportedRow.owner_id == self._owner_id, ImportedRow.key.in_(keys)
            )
        )
        return {row.key: row.digest for row in rows}

    async def add(
        self, session: AsyncSession, posts: Sequence[ReadyPost], remarks: list[Remark]
    ) -> Sequence[ReadyPost]:
        """Add posts; the caller commits. A trial run only finds out what would be added.

        Args:
            remarks: extended by this function.

        Returns:
            The posts that are new.
        """
        if not self._is_trial and posts:
            tags = await ids_of_tags(session, [ready.post.tags for ready in posts])
            await lock_author(session, self._owner_id)
            # Another import may have added some meanwhile.
            present = await self._find_digests(session, [ready.post.key for ready in posts])
            posts = [ready for ready in posts if ready.post.key not in present]
        if posts:
            if current_app.site.holds_anything:
                posts = await self._hold_for_review(session, posts, remarks)
            await self._assign_slugs(session, posts, remarks)
            await self._pin(session, posts, remarks)
            if not self._is_trial:
                await self._insert(session, posts, tags, remarks)
        return posts

    async def _hold_for_review(
        self, session: AsyncSession, posts: Sequence[ReadyPost], remarks: list[Remark]
    ) -> list[ReadyPost]:
        """Make posts that the review rules hold drafts. When their author publishes them, they wait
        for a moderator like any other; thousands at once would flood the queue."""
        statement = select(User).where(User.id == self._owner_id)
        owner = (await session.scalars(statement.options(joinedload(User.role)))).one()
        checked = list[ReadyPost]()
        for ready in posts:
            columns = ready.post.columns
            post = Post(**{name: columns.get(name) for name in TEXTS}, body_html=ready.html)
            image = ready.post.source.cover
            alt = columns["cover_alt"]
            alt = image.alt if image and alt is None else alt
            cover = Cover(0, image.name, alt, "", ()) if image else None
            content = content_of_edit(post, {}, ready.post.tags, cover)
            is_draft = columns["status"] == PostStatus.DRAFT
            if not is_draft and await reasons_to_hold(session, owner, content):
                if columns["status"] == PostStatus.SCHEDULED:
                    columns |= {"published_at": None, **NOT_SCHEDULED}
                columns["status"] = PostStatus.DRAFT
                remarks.append(Remark(ready.item, str(IS_HELD), False))
            companions = ready.companions
            contents = [Content(each.columns["body_html"]) for each in companions.comments]
            if any([await reasons_to_hold(session, owner, content) for content in contents]):
                remarks.append(Remark(ready.item, str(COMMENTS_ARE_HELD), False))
                companions = companions._replace(comments=())
            checked.append(ready._replace(companions=companions))
        return checked

    async def _assign_slugs(
        self, session: AsyncSession, posts: Sequence[ReadyPost], remarks: list[Remark]
    ) -> None:
        """Give each post a free slug."""
        wanted = [ready.post.wanted_slug for ready in posts]
        slugs = await free_slugs(session, self._owner_id, wanted, self._slugs)
        for ready, slug in zip(posts, slugs, strict=True):
            ready.post.columns["slug"] = slug
            if slug != ready.post.wanted_slug:
                text = SLUG_IS_TAKEN.with_values(slug=slug, wanted=ready.post.wanted_slug)
                remarks.append(Remark(ready.item, str(text), False))
        if self._is_trial:
            self._slugs |= {slug for slug in slugs if slug}

    async def _pin(
        self, session: AsyncSession, posts: Sequence[ReadyPost], remarks: list[Remark]
    ) -> None:
        """Pin posts, up to the limit."""
        current_time = now()
        for ready in posts:
            ready.post.columns["pinned_at"] = None
        pinned = [ready for ready in posts if ready.post.source.pinned]
        if not pinned:
            return
        theirs = (Post.author_id == self._owner_id, Post.pinned_at.is_not(None))
        already = (await session.scalars(select(func.count()).where(*theirs))).one() + self._pinned
        for place, ready in enumerate(pinned):
            if already + place < MOST_PINNED:
                pinned_at = ready.post.source.pinned_at or current_time
                ready.post.columns["pinned_at"] = min(pinned_at, current_time)
                self._pinned += self._is_trial
            else:
                text = ngettext(
                    "It isn't pinned, because at most %(num)s post can be.",
                    "It isn't pinned, because at most %(num)s posts can be.",
                    MOST_PINNED,
                )
                remarks.append(Remark(ready.item, text, False))

    async def _lock_covers(
        self, session: AsyncSession, posts: Sequence[ReadyPost]
    ) -> dict[str, int]:
        """Lock the cover images of posts, like `lock_cover`, and return their ids by name."""
        names = {cover.name for ready in posts for cover in ready.post.source.covers}
        if not names:
            return {}
        files = select(MediaFile.name).where(MediaFile.name.in_(names)).order_by(MediaFile.name)
        await session.execute(files.with_for_update(read=True, key_share=True))
        own = select(Media.name, Media.id).where(
            Media.owner_id == self._owner_id, Media.name.in_(names)
        )
        return {row.name: row.id for row in await session.execute(own)}

    async def _insert(
        self,
        session: AsyncSession,
        posts: Sequence[ReadyPost],
        tag_ids: dict[str, int],
        remarks: list[Remark],
    ) -> None:
        covers = await self._lock_covers(session, posts)
        rows = [
            {"author_id": self._owner_id, **ready.post.columns,
             "revision": ready.companions.number,
             "cover_id": covers.get(cover.name) if (cover := ready.post.source.cover) else None,
             **text_columns(ready.post.body, ready.html)}
            for ready in posts
        ]  # fmt: skip
        ids = await insert_posts(session, rows, [ready.post.tags for ready in posts], tag_ids)
        companions = [
            (post_id, ready.companions) for post_id, ready in zip(ids, posts, strict=True)
        ]
        await insert_companions(session, self._owner_id, companions, covers)
        for post_id, ready in zip(ids, posts, strict=True):
            liked_at, bookmark = ready.companions.liked_at, ready.companions.bookmark
            texts = await insert_reactions(session, self._owner_id, post_id, liked_at, bookmark)
            remarks.extend(Remark(ready.item, text, False) for text in texts)
        known = [
            {"owner_id": self._owner_id, "key": ready.post.key, "digest": ready.post.digest,
             "post_id": post_id}
            for ready, post_id in zip(posts, ids, strict=True)
        ]  # fmt: skip
        await session.execute(insert(ImportedRow), known)
