"""What is indexed follows what is written, in the same transaction, whoever writes it."""

import asyncio
import random
import unicodedata

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.search_words import folded_words, is_unspaced
from blog.core.web.app import Broadside
from blog.models import Job, Post, PostSearch, PostStatus, PostTag, User
from blog.search.indexing import POSTS, index_old
from blog.search.jobs import INDEX_OLD_POSTS
from tests.jobs import at_work
from tests.search.support import add_post, indexed
from tests.servers import until
from tests.support import Browser


async def test_each_character_is_folded_alike_in_the_index_and_in_what_is_searched_for(
    db: AsyncSession,
) -> None:
    characters = [
        chr(number)
        for number in range(1, 0x30000)
        if unicodedata.category(chr(number)) not in {"Cn", "Co", "Cs"}
    ]
    rows = await db.execute(
        text("SELECT each, search_text('a' || each || 'b') FROM unnest(:all ::text[]) AS each"),
        {"all": characters},
    )
    different = [
        f"U+{ord(each):04X}" for each, words in rows if words.split() != in_pairs(f"a{each}b")
    ]
    assert different == []


def in_pairs(written: str) -> list[str]:
    return [
        part
        for word in folded_words(written)
        for part in (
            [word[at : at + 2] for at in range(len(word))] if is_unspaced(word) else [word]
        )
    ]


@pytest.mark.parametrize(
    "written",
    [
        "Über die Straße, C++ und C#: `str.split`",
        "東京都庁でrobinさんと会う。ｱｲｳ がぎぐ",
        "سَلَامٌ عليكم أحمد ٤٢",
        "עִבְרִית צה״ל",
        unicodedata.normalize("NFD", "한국어 공부 Ёжик йод"),
        "snake_case kebab-case don’t 3.14 a+++b c#d",
    ],
)
async def test_a_text_is_folded_alike_in_the_index_and_in_what_is_searched_for(
    db: AsyncSession, written: str
) -> None:
    folded = await db.scalar(text("SELECT search_text(:text)"), {"text": written})
    assert folded.split() == in_pairs(written)


async def test_a_post_is_found_as_soon_as_it_is_written_edited_tagged_and_deleted(
    db: AsyncSession, susans_browser: Browser
) -> None:
    await susans_browser.submit("/", {"body": "Boats"})
    assert await indexed(db, "boats") == [1]
    page = {"title": "Rowing", "body": "Oars", "tags": "Water sports", "version": "1"}
    await susans_browser.submit("/edit/1", page | {"action": "publish"})
    assert await indexed(db, "boats") == []
    for words in ("rowing", "oars", "sports"):
        assert await indexed(db, words) == [1], words
    await db.execute(delete(PostTag))
    await db.commit()
    assert await indexed(db, "sports") == []
    assert await indexed(db, "oars") == [1]
    await db.execute(delete(Post))
    await db.commit()
    assert await db.scalar(select(func.count()).select_from(PostSearch)) == 0


async def test_a_text_is_indexed_by_the_language_of_the_post_or_of_its_author(
    db: AsyncSession, susan: User
) -> None:
    english = await add_post(db, susan, "The boats were sailing", language="en-GB")
    german = await add_post(db, susan, "Die alten Häuser", language="de")
    unknown = await add_post(db, susan, "boats Häuser", language="tlh")
    susan.language = "de"
    db.add(susan)
    await db.commit()
    of_author = await add_post(db, susan, "Neue Häuser")
    assert await indexed(db, "sail") == [english.id]
    assert await indexed(db, "haus") == [german.id, of_author.id]
    assert await indexed(db, "hauser") == [german.id, unknown.id, of_author.id]


async def test_what_several_languages_have_in_common_is_looked_for_once(
    db: AsyncSession, susan: User
) -> None:
    """Each phrase is compared with the positions of words in every text."""
    for language in ("de", "fr", "it", "pl"):
        await add_post(db, susan, "x", language=language)
    query = text("SELECT CAST(search_query(:words, :without, '') AS text)")
    values = {"words": "('the' <-> 'for')", "without": "'boats'"}
    asked = str(await db.scalar(query, values))
    assert asked.count("'the' <-> 'for'") == 1
    assert asked.count("'boats'") == 1


async def test_only_what_everybody_may_read_is_listed(db: AsyncSession, susan: User) -> None:
    post = await add_post(db, susan, "Boats")

    async def is_listed() -> bool:
        return await db.scalar(select(PostSearch.listed_at)) is not None

    assert await is_listed()
    for changes, expected in (
        ({"hidden_at": now()}, False),
        ({"hidden_at": None}, True),
        ({"status": PostStatus.DRAFT, "published_at": None}, False),
        ({"status": PostStatus.PUBLISHED, "published_at": now()}, True),
    ):
        await db.execute(update(Post).where(Post.id == post.id).values(changes))
        await db.commit()
        assert await is_listed() == expected, changes


@pytest.mark.parametrize(
    "body",
    [
        " ".join(f"w{number:05}" for number in range(9_362)),
        "".join(random.Random(1).choices([chr(n) for n in range(0x4E00, 0x9FFF)], k=21_800)),
        "\ufdfa" * 21_000,
        "x" * 65_000,
        "](x " * 16_000,
    ],
    ids=["words", "Chinese", "ligatures", "one word", "links"],
)
async def test_a_text_of_64_kib_is_indexed_or_cut_without_an_error(
    db: AsyncSession, susan: User, body: str
) -> None:
    post = await add_post(db, susan, body, title="Rowing", language="en")
    assert await indexed(db, "rowing") == [post.id]


async def test_where_links_lead_is_not_part_of_the_text(db: AsyncSession, susan: User) -> None:
    body = '[Boats](https://example.com/oars) ![Sails](/media/abc "Mast")\n\n[1]: http://keel.test'
    post = await add_post(db, susan, body)
    assert await indexed(db, "boats & sails") == [post.id]
    for words in ("oars", "media", "keel"):
        assert await indexed(db, words) == []


async def forget(db: AsyncSession) -> None:
    """As it was before there was a search."""
    await db.execute(delete(PostSearch))
    await db.commit()


async def test_posts_from_before_are_indexed_by_a_job_once(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    posts = [await add_post(db, susan, f"Boats {number}") for number in range(5)]
    posts[0].hidden_at = now()
    db.add(posts[0])
    await db.commit()
    await forget(db)

    async def is_done() -> bool:
        return bool((await db.scalar(select(Job.payload)) or {}).get("done"))

    async with at_work(app, INDEX_OLD_POSTS):
        await until(is_done)
    assert await indexed(db, "boats") == [post.id for post in posts]
    listed = select(PostSearch.post_id).where(PostSearch.listed_at.is_not(None))
    assert set(await db.scalars(listed)) == {post.id for post in posts[1:]}


@pytest.mark.parametrize("change", [{"body": "Oars"}, {"hidden_at": now()}], ids=["body", "hidden"])
async def test_an_edit_while_old_posts_are_indexed_is_not_lost(
    app: Broadside, db: AsyncSession, susan: User, change: dict[str, object]
) -> None:
    post = await add_post(db, susan, "Boats")
    await forget(db)

    async def index() -> list[int]:
        return [last async for last in index_old(app.database, POSTS, batch=10)]

    await db.execute(update(Post).where(Post.id == post.id).values(change))
    indexing = asyncio.create_task(index())
    await asyncio.sleep(0.3)
    assert not indexing.done()
    await db.commit()
    await indexing
    assert await indexed(db, "boats") == ([] if "body" in change else [post.id])
    listed = await db.scalar(select(PostSearch.listed_at))
    assert (listed is None) == ("hidden_at" in change)
