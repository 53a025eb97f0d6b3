"""Insert many posts of one author, as an import does.

Nobody is notified: each post was published before, on another site, or will be published on time by
the job for scheduled posts.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.tags import fold_tag
from blog.models import Post, PostTag
from blog.posts.fields import BlockedTagsError, lock_tags
from blog.posts.mentions import WrittenText, note_mentions


async def ids_of_tags(session: AsyncSession, tags: Sequence[Sequence[str]]) -> dict[str, int]:
    """The ids of all tags of some posts, by folded name. New tags are added, blocked ones left out.

    Args:
        session: as for `tag_ids`.
        tags: the names of the tags of each post.
    """
    names = {fold_tag(name): name for of_post in tags for name in of_post}
    while True:
        try:
            return await lock_tags(session, list(names.values()))
        except BlockedTagsError as error:
            names = {key: name for key, name in names.items() if key not in error.folded}


async def insert_posts(
    session: AsyncSession,
    posts: Sequence[Mapping[str, Any]],
    tags: Sequence[Sequence[str]],
    tag_ids: Mapping[str, int],
) -> Sequence[int]:
    """Insert posts; the caller has locked the author, and commits.

    Args:
        posts: the values of each post, for the same columns.
        tags: the tags of each post.
        tag_ids: the ids of all tags (`ids_of_tags`).

    Returns:
        The ids of the posts, in the same order.
    """
    added = insert(Post).returning(Post.id, sort_by_parameter_order=True)
    # Otherwise columns that are `None` would get their defaults: a draft would have a publication
    # time.
    options = {"render_nulls": True}
    rows = [dict(post) for post in posts]
    ids = (await session.scalars(added, rows, execution_options=options)).all()
    tagged = [
        {"post_id": post_id, "tag_id": tag_id, "position": position}
        for post_id, names in zip(ids, tags, strict=True)
        for position, tag_id in enumerate(dict.fromkeys(map(tag_ids.get, map(fold_tag, names))))
        if tag_id is not None
    ]
    if tagged:
        await session.execute(insert(PostTag), tagged)
    texts = [WrittenText(row["body_html"], id_) for id_, row in zip(ids, rows, strict=True)]
    await note_mentions(session, texts, are_old=True)
    return ids


async def free_slugs(
    session: AsyncSession, author_id: int, wanted: Sequence[str | None], used: Collection[str] = ()
) -> list[str | None]:
    """Choose slugs for posts: the wanted ones, with a number appended if another post has it.

    Args:
        session: must have locked the author if the slugs are going to be stored.
        wanted: the wanted slug of each post.
        used: further slugs that are taken.
    """
    own = select(Post.slug).where(Post.author_id == author_id)
    existing = await session.scalars(own.where(Post.slug.in_({slug for slug in wanted if slug})))
    taken = {*existing, *used}
    last: dict[str, int] = {}
    slugs = list[str | None]()
    for base in wanted:
        slug = base
        if base is not None and base in taken:
            if base not in last:
                # By the collation "C", all slugs that start with "base-" sort before "base.".
                similar = own.where(Post.slug > f"{base}-", Post.slug < f"{base}.")
                taken |= {*await session.scalars(similar)}
            number = last.get(base, 1) + 1
            while f"{base}-{number}" in taken:
                number += 1
            last[base] = number
            slug = f"{base}-{number}"
        if slug is not None:
            taken.add(slug)
        slugs.append(slug)
    return slugs
