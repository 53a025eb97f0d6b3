"""The writer of all imports, which adds posts in batches, each in a transaction.

A trial run uses the same code, but doesn't write.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.text.markdown import render_document
from blog.core.text.process_pool import OverloadedError
from blog.core.text.rendering import SHOWS_NOTHING, TOO_COMPLEX, Render
from blog.core.web.app import current_app
from blog.models import PostStatus
from blog.transfer.importing import pictures, profiles
from blog.transfer.importing.batch import Batch, NewPost, ProfileItem, ReadyPost, Remark
from blog.transfer.importing.choices import apply_choices, follow_tags
from blog.transfer.importing.companions import prepare_companions, validate_companions
from blog.transfer.importing.fields import digest_of, key_of, validate_post
from blog.transfer.importing.post import Entry, ImportedProfile, UnreadableError
from blog.transfer.importing.processes import CANNOT_BE_READ, SourceReader
from blog.transfer.importing.rows import Rows

# As many as there are rendering processes.
RENDERED_AT_ONCE = 2
PAUSE_SECONDS = 1.0

HAS_CHANGED = lazy_gettext("It was imported before with a different text, and stays unchanged.")
IS_TWICE = lazy_gettext("It's in the file twice. The first one is used.")
NO_IMAGE = lazy_gettext("The image %(file)s is skipped: %(reason)s")


class Writer:
    """Adds the posts of a source.

    Args:
        reading: the source.
        owner_id: the author.
        is_trial: whether nothing is written.
    """

    def __init__(self, reading: SourceReader, owner_id: int, *, is_trial: bool) -> None:
        self._reading = reading
        self._owner_id = owner_id
        self._is_trial = is_trial
        self._seen: set[UUID] = set()
        self._images: set[str] = set()
        self._rows = Rows(owner_id, is_trial=is_trial)
        self._turns = asyncio.Semaphore(RENDERED_AT_ONCE)

    async def prepare(self, entries: Sequence[Entry]) -> Batch:
        """Validate and render the posts of some items, store their images, and apply the owner's
        choices."""
        batch = Batch()
        for entry in entries:
            remarks = (Remark(entry.name, text, entry.is_left_out) for text in entry.remarks)
            batch.remarks.extend(remarks)
        await self._prepare_posts(entries, batch)
        await self._prepare_images(entries, batch)
        for entry in entries:
            if entry.profile is not None:
                avatar = await self._store_avatar(entry.name, entry.profile, batch)
                batch.profiles.append(ProfileItem(entry.name, entry.profile, avatar))
            if entry.choices is not None:
                counts, texts = await apply_choices(
                    self._owner_id, entry.choices, is_trial=self._is_trial
                )
                batch.counts += counts
                batch.remarks.extend(Remark(entry.name, text, False) for text in texts)
                batch.tags[entry.name] = entry.choices.tags
        return batch

    async def _prepare_posts(self, entries: Sequence[Entry], batch: Batch) -> None:
        posts = [(entry.name, entry.post) for entry in entries if entry.post is not None]
        if not posts:
            return
        present = await self._rows.find_present([post for _, post in posts])
        new = list[NewPost]()
        for item, post in posts:
            key = key_of(post)
            if key in present:
                batch.known += 1
                if present[key] not in {None, digest_of(post)}:
                    batch.remarks.append(Remark(item, str(HAS_CHANGED), True))
            elif key in self._seen:
                batch.remarks.append(Remark(item, str(IS_TWICE), True))
            else:
                remark = batch.remarks_on(item)
                companions = validate_companions(post, remark)
                new.append(NewPost(item, validate_post(post, now(), remark), companions))
            self._seen.add(key)
        await self._store_images(new, batch)
        for ready in await asyncio.gather(*(self._prepare_post(each, batch) for each in new)):
            if ready is not None:
                batch.posts.append(ready)

    async def _prepare_post(self, new: NewPost, batch: Batch) -> ReadyPost | None:
        """Render a post; `None` if it cannot be added."""
        item, post, companions = new
        html = await self._render(render_document, post.body)
        is_draft = post.columns["status"] == PostStatus.DRAFT
        # In a trial run images aren't stored yet, so a post of images alone shows nothing.
        shows_something = html or is_draft or (self._is_trial and post.source.images)
        if html is None or not shows_something:
            reason = TOO_COMPLEX if html is None else SHOWS_NOTHING
            batch.remarks.append(Remark(item, str(reason), True))
            return None
        ready = await prepare_companions(
            post, companions, owner_id=self._owner_id, current_time=now(), render=self._render,
            remark=batch.remarks_on(item),
        )  # fmt: skip
        return ReadyPost(item, post, html, ready)

    async def write(self, session: AsyncSession, batch: Batch) -> tuple[Counter[str], list[Remark]]:
        """Add the posts of a batch; the caller commits. A trial run only finds out what would be
        added.

        Returns:
            The numbers of posts, drafts, scheduled posts, images and so on, of items that were
            imported before, and of items that are left out; further remarks.
        """
        remarks = list[Remark]()
        posts = await self._rows.add(session, batch.posts, remarks)
        counts = Counter(str(ready.post.columns["status"]) for ready in posts)
        for ready in posts:
            counts += ready.companions.counts()
        for person in batch.profiles:
            more, texts = await profiles.fill_in_profile(
                session, self._owner_id, person.profile, person.avatar, is_trial=self._is_trial
            )
            counts += more
            remarks.extend(Remark(person.item, text, False) for text in texts)
        for item, names in batch.tags.items():
            number, texts = await follow_tags(
                session, self._owner_id, names, is_trial=self._is_trial
            )
            counts["tags"] += number
            remarks.extend(Remark(item, text, False) for text in texts)
        counts["images"] = self._count_new_images(batch, posts)
        counts += batch.counts
        counts["known"] = batch.known + len(batch.posts) - len(posts)
        counts["unreadable"] = sum(each.text == str(CANNOT_BE_READ) for each in batch.remarks)
        counts["left_out"] = len({each.item for each in batch.remarks if each.is_left_out})
        return counts, remarks

    def _count_new_images(self, batch: Batch, posts: Sequence[ReadyPost]) -> int:
        """Count the images that were not counted before."""
        shown = {image.name for ready in posts for image in ready.post.source.all_images}
        new = (shown | batch.images) - batch.refused - self._images
        self._images |= new
        return len(new)

    async def _prepare_images(self, entries: Sequence[Entry], batch: Batch) -> None:
        """Store images that no imported post has brought along."""
        images = [(entry.name, entry.image) for entry in entries if entry.image]
        names = {name for _, image in images for name in (image.name, image.former_name)}
        present = await pictures.present_names(self._owner_id, names)
        new = [
            (item, image) for item, image in images
            if present.isdisjoint({image.name, image.former_name})
        ]  # fmt: skip
        batch.images |= {image.name for _, image in new}
        if self._is_trial:
            return
        refused = await pictures.store_images(
            self._reading, self._owner_id, [image for _, image in new]
        )
        for item, image in new:
            if (reason := refused.get(image.name)) is not None:
                batch.remarks.append(Remark(item, reason, True))
        batch.refused |= refused.keys()

    async def _store_avatar(self, item: str, profile: ImportedProfile, batch: Batch) -> str | None:
        """Store the owner's profile picture if they have none, and return its name."""
        image = profile.avatar
        if self._is_trial or image is None or await profiles.has_avatar(self._owner_id):
            return None
        try:
            return await pictures.store_image(self._reading, self._owner_id, image, as_avatar=True)
        except (InvalidFieldsError, UnreadableError) as error:
            text = profiles.IS_SKIPPED.with_values(field=profiles.PICTURE, reason=error)
            batch.remarks.append(Remark(item, str(text), False))
            return None

    async def _store_images(self, posts: Sequence[NewPost], batch: Batch) -> None:
        """Store the images, and restore the original addresses of those that are refused."""
        images = [image for new in posts for image in new.post.source.all_images]
        if self._is_trial or not images:
            return
        refused = await pictures.store_images(self._reading, self._owner_id, images)
        batch.refused |= refused.keys()
        for new in posts:
            for image in new.post.source.all_images:
                if (reason := refused.get(image.name)) is not None:
                    new.replace(f"/media/{image.name}", image.address)
                    remark = NO_IMAGE.with_values(file=image.file, reason=reason)
                    batch.remarks.append(Remark(new.item, str(remark), False))

    async def _render(self, render: Render, text: str) -> str | None:
        """Render a text to HTML; `None` if it is too complex."""
        while True:
            try:
                async with self._turns:
                    return await current_app.renderer.rerender(render, text)
            except OverloadedError:
                await asyncio.sleep(PAUSE_SECONDS)
