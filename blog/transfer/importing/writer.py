"""The writer of all imports: it adds posts in batches, each in a transaction.

The same code does the trial run, which only does not write.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from quart import current_app as quart_app
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.markdown import render_document
from blog.core.text.process_pool import OverloadedError
from blog.core.text.rendering import SHOWS_NOTHING, TOO_COMPLEX
from blog.core.web.app import current_app
from blog.models import ImportedPost as ImportedRow
from blog.models import Media, MediaFile, Post, PostStatus
from blog.posts.bulk import free_slugs, ids_of_tags, insert_posts
from blog.posts.fields import MOST_PINNED, lock_author, text_columns
from blog.transfer.importing import pictures
from blog.transfer.importing.fields import CheckedPost, checked, digest_of, key_of
from blog.transfer.importing.post import Entry, ImportedPost
from blog.transfer.importing.processes import Reading

# As many as there are rendering processes.
RENDERED_AT_ONCE = 2
PAUSE_SECONDS = 1.0

HAS_CHANGED = "It was imported before with a different text, and stays unchanged."
IS_TWICE = "It's in the file twice. The first one is used."
SLUG_IS_TAKEN = "Its slug is changed to “{slug}”, because one of your other posts has “{wanted}”."
TOO_MANY_PINNED = f"It isn't pinned, because at most {MOST_PINNED} posts can be."
NO_IMAGE = "The image {file} is skipped: {reason}"


class Remark(NamedTuple):
    """What is said of an item; whether the whole item is left out."""

    item: str
    text: str
    is_left_out: bool


class Ready(NamedTuple):
    """A post that is rendered; its name in the source."""

    item: str
    post: CheckedPost
    html: str


class Batch(NamedTuple):
    """Some items of a source.

    Attributes:
        posts: those to be added.
        remarks: what is said of these and the others.
        known: how many are here already.
    """

    posts: list[Ready]
    remarks: list[Remark]
    known: int


class Writer:
    """Adds the posts of a source.

    Args:
        reading: the source.
        owner_id: the author.
        is_trial: whether nothing is written.
    """

    def __init__(self, reading: Reading, owner_id: int, *, is_trial: bool) -> None:
        self._reading = reading
        self._owner_id = owner_id
        self._is_trial = is_trial
        self._seen: set[UUID] = set()
        self._slugs: set[str] = set()
        self._pinned = 0
        self._turns = asyncio.Semaphore(RENDERED_AT_ONCE)

    async def prepare(self, entries: Sequence[Entry]) -> Batch:
        """Validate and render the posts of some items, and store their images."""
        batch = Batch([], [], 0)
        for entry in entries:
            left_out = entry.post is None
            batch.remarks.extend(Remark(entry.name, text, left_out) for text in entry.remarks)
        posts = [(entry.name, entry.post) for entry in entries if entry.post is not None]
        present = await self._present([post for _, post in posts])
        new = list[tuple[str, CheckedPost]]()
        for item, post in posts:
            key = key_of(post)
            if key in present:
                batch = batch._replace(known=batch.known + 1)
                if present[key] not in {None, digest_of(post)}:
                    batch.remarks.append(Remark(item, HAS_CHANGED, True))
            elif key in self._seen:
                batch.remarks.append(Remark(item, IS_TWICE, True))
            else:
                new.append((item, self._checked(item, post, batch)))
            self._seen.add(key)
        await self._store_images(new, batch)
        rendered = await asyncio.gather(*(self._rendered(post) for _, post in new))
        for (item, valid), html in zip(new, rendered, strict=True):
            is_draft = valid.columns["status"] == PostStatus.DRAFT
            # What an image shows is not known before it is stored.
            shows_something = html or is_draft or (self._is_trial and valid.source.images)
            if html is None:
                batch.remarks.append(Remark(item, TOO_COMPLEX, True))
            elif not shows_something:
                batch.remarks.append(Remark(item, SHOWS_NOTHING, True))
            else:
                batch.posts.append(Ready(item, valid, html))
        return batch

    async def write(self, session: AsyncSession, batch: Batch) -> tuple[Counter[str], list[Remark]]:
        """Add the posts of a batch; the caller commits. A trial run finds out what it would add.

        Returns:
            How many posts, drafts, scheduled posts and images there are, how many items were here
            already and how many are left out; further remarks.
        """
        remarks, posts = list[Remark](), batch.posts
        if not self._is_trial and posts:
            tags = await ids_of_tags(session, [ready.post.tags for ready in posts])
            await lock_author(session, self._owner_id)
            # Another import may have added some since.
            present = await self._keys(session, [ready.post.key for ready in posts])
            posts = [ready for ready in posts if ready.post.key not in present]
        if posts:
            await self._name(session, posts, remarks)
            await self._pin(session, posts, remarks)
            if not self._is_trial:
                await self._insert(session, posts, tags)
        counts = Counter(str(ready.post.columns["status"]) for ready in posts)
        counts["images"] = len({i.name for ready in posts for i in ready.post.source.all_images})
        counts["known"] = batch.known + len(batch.posts) - len(posts)
        counts["left_out"] = len({each.item for each in batch.remarks if each.is_left_out})
        return counts, remarks

    async def _present(self, posts: Sequence[ImportedPost]) -> dict[UUID, UUID | None]:
        """Those that were imported before, with the digests of what they said, and those that were
        exported here.
        """
        async with current_app.database.reading_session() as session:
            present: dict[UUID, UUID | None] = {
                **await self._keys(session, [key_of(post) for post in posts])
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

    async def _keys(self, session: AsyncSession, keys: Sequence[UUID]) -> dict[UUID, UUID]:
        rows = await session.execute(
            select(ImportedRow.key, ImportedRow.digest).where(
                ImportedRow.owner_id == self._owner_id, ImportedRow.key.in_(keys)
            )
        )
        return {row.key: row.digest for row in rows}

    def _checked(self, item: str, post: ImportedPost, batch: Batch) -> CheckedPost:
        return checked(post, now(), lambda text: batch.remarks.append(Remark(item, text, False)))

    async def _store_images(self, posts: Sequence[tuple[str, CheckedPost]], batch: Batch) -> None:
        """Store the images, and let the texts refer to those that are refused as they did."""
        images = [image for _, post in posts for image in post.source.all_images]
        if self._is_trial or not images:
            return
        refused = await pictures.store(self._reading, self._owner_id, images)
        for item, post in posts:
            for image in post.source.all_images:
                if (reason := refused.get(image.name)) is not None:
                    post.body = post.body.replace(f"/media/{image.name}", image.address)
                    remark = NO_IMAGE.format(file=image.file, reason=reason)
                    batch.remarks.append(Remark(item, remark, False))

    async def _rendered(self, post: CheckedPost) -> str | None:
        """The HTML; `None` if the text is too complex."""
        while True:
            try:
                async with self._turns:
                    return await current_app.renderer.again(render_document, post.body)
            except OverloadedError:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _name(
        self, session: AsyncSession, posts: Sequence[Ready], remarks: list[Remark]
    ) -> None:
        """Give each post a slug that is free."""
        wanted = [ready.post.wanted_slug for ready in posts]
        slugs = await free_slugs(session, self._owner_id, wanted, self._slugs)
        for ready, slug in zip(posts, slugs, strict=True):
            ready.post.columns["slug"] = slug
            if slug != ready.post.wanted_slug:
                text = SLUG_IS_TAKEN.format(slug=slug, wanted=ready.post.wanted_slug)
                remarks.append(Remark(ready.item, text, False))
        if self._is_trial:
            self._slugs |= {slug for slug in slugs if slug}

    async def _pin(
        self, session: AsyncSession, posts: Sequence[Ready], remarks: list[Remark]
    ) -> None:
        """Pin as many posts as can be."""
        moment = now()
        for ready in posts:
            ready.post.columns["pinned_at"] = None
        pinned = [ready for ready in posts if ready.post.source.pinned]
        if not pinned:
            return
        theirs = (Post.author_id == self._owner_id, Post.pinned_at.is_not(None))
        already = (await session.scalars(select(func.count()).where(*theirs))).one() + self._pinned
        for place, ready in enumerate(pinned):
            if already + place < MOST_PINNED:
                ready.post.columns["pinned_at"] = moment
                self._pinned += self._is_trial
            else:
                remarks.append(Remark(ready.item, TOO_MANY_PINNED, False))

    async def _covers(self, session: AsyncSession, posts: Sequence[Ready]) -> dict[str, int]:
        """The ids of the covers of posts, by their names; locked, as by `lock_cover`."""
        names = {cover.name for ready in posts if (cover := ready.post.source.cover)}
        if not names:
            return {}
        files = select(MediaFile.name).where(MediaFile.name.in_(names)).order_by(MediaFile.name)
        await session.execute(files.with_for_update(read=True, key_share=True))
        own = select(Media.name, Media.id).where(
            Media.owner_id == self._owner_id, Media.name.in_(names)
        )
        return {row.name: row.id for row in await session.execute(own)}

    async def _insert(
        self, session: AsyncSession, posts: Sequence[Ready], tag_ids: dict[str, int]
    ) -> None:
        covers = await self._covers(session, posts)
        rows = [
            {"author_id": self._owner_id, **ready.post.columns,
             "cover_id": covers.get(cover.name) if (cover := ready.post.source.cover) else None,
             **text_columns(ready.post.body, ready.html)}
            for ready in posts
        ]  # fmt: skip
        ids = await insert_posts(session, rows, [ready.post.tags for ready in posts], tag_ids)
        known = [
            {"owner_id": self._owner_id, "key": ready.post.key, "digest": ready.post.digest,
             "post_id": post_id}
            for ready, post_id in zip(posts, ids, strict=True)
        ]  # fmt: skip
        await session.execute(insert(ImportedRow), known)
