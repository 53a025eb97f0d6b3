"""Following tags, and the posts in the followed tab."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.tags import LONGEST_TAG
from blog.core.web.app import Broadside
from blog.models import Follow, Post, Tag, TagFollow, User
from blog.tags.service import MOST_FOLLOWED
from tests.api.support import Client, add_token, assert_problem
from tests.posts.test_posts import add_posts
from tests.support import Browser
from tests.tags.test_tags import add_tagged

MakeUser = Callable[..., Awaitable[User]]


@pytest.fixture
async def reader(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's token."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def test_following_a_tag_brings_its_posts_into_the_followed_tab(
    susans_browser: Browser, db: AsyncSession, make_user: MakeUser
) -> None:
    await add_tagged(db, await make_user("david"), "Boats", 1)
    await susans_browser.get("/followed")
    assert "Post 1" not in (await susans_browser.get("/")).text
    answer = await susans_browser.submit("/tag/boats/follow", page="/tag/boats")
    assert (answer.status_code, answer.headers["location"]) == (302, "/tag/boats")
    page = (await susans_browser.get("/tag/boats")).text
    assert "You&#39;re now following #Boats." in page
    assert "Unfollow" in page
    assert "Post 1" in (await susans_browser.get("/")).text
    assert "Tags you follow" in (await susans_browser.get("/tags")).text
    await susans_browser.submit("/tag/boats/follow", page="/tag/boats")
    assert "already following" in (await susans_browser.get("/tags")).text
    await susans_browser.submit("/tag/boats/unfollow", page="/tag/boats")
    assert "no longer following #Boats" in (await susans_browser.get("/tags")).text
    assert "Post 1" not in (await susans_browser.get("/")).text
    await susans_browser.submit("/tag/boats/unfollow", page="/tag/boats")
    assert "aren&#39;t following #Boats" in (await susans_browser.get("/")).text


@pytest.mark.parametrize("many", [False, True], ids=["few people", "many people"])
async def test_the_followed_tab_has_each_post_once_in_order_on_every_page(
    susans_browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser, many: bool
) -> None:
    """A post is by somebody they follow, has two tags that they follow, or all of that."""
    david, lena = await make_user("david"), await make_user("lena")
    if many:
        for number in range(60):
            other = await make_user(f"person{number}")
            db.add(Follow(follower_id=susan.id, followed_id=other.id))
            await add_posts(db, other, 1)
            await db.execute(update(Post).where(Post.author_id == other.id)
                             .values(published_at=func.now() - func.make_interval(1)))  # fmt: skip
    both = await add_tagged(db, david, "boats", 30)
    trams = await add_tagged(db, lena, "trams", 25)
    await add_tagged(db, lena, "cars", 5)
    tags = {tag.name: tag.id for tag in await db.scalars(select(Tag))}
    await db.execute(
        insert(Post.metadata.tables["post_tags"]),
        [{"post_id": post.id, "tag_id": tags["trams"], "position": 1} for post in both[:10]],
    )
    db.add_all(TagFollow(user_id=susan.id, tag_id=tags[name]) for name in ("boats", "trams"))
    db.add(Follow(follower_id=susan.id, followed_id=david.id))
    await db.commit()
    wanted = await db.scalars(
        select(Post.id).where(Post.id.in_([post.id for post in (*both, *trams)]))
        .order_by(Post.published_at.desc(), Post.id.desc())
    )  # fmt: skip
    expected = [f'id="post-{post_id}"' for post_id in wanted]
    await susans_browser.get("/followed")
    found = list[str]()
    for number in (1, 2, 3):
        page = (await susans_browser.get(f"/?page={number}")).text
        found += [each for each in expected if each in page]
        places = [page.index(each) for each in expected if each in page]
        assert places == sorted(places)
        assert page.count('<article class="post') == (20 if number < 3 or many else 15)
    assert found == expected


async def test_followed_tags_do_not_show_hidden_posts_and_drafts(
    susans_browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    (post,) = await add_tagged(db, await make_user("david"), "boats", 1)
    await susans_browser.submit("/tag/boats/follow", page="/tag/boats")
    await susans_browser.get("/followed")
    assert "Post 1" in (await susans_browser.get("/")).text
    for values in ({"hidden_at": now()}, {"hidden_at": None, "status": "draft"}):
        await db.execute(update(Post).where(Post.id == post.id).values(values))
        await db.commit()
        assert "Post 1" not in (await susans_browser.get("/")).text
    # The tag has no page now; to unfollow it is possible still.
    assert "boats" in (await susans_browser.get("/tags")).text
    answer = await susans_browser.submit("/tag/boats/unfollow", page="/auth/reset")
    assert answer.headers["location"] == "/tags"
    assert "Tags you follow" not in (await susans_browser.get("/tags")).text


async def test_the_api_follows_and_lists_followed_tags(
    reader: Client, db: AsyncSession, make_user: MakeUser
) -> None:
    await add_tagged(db, await make_user("david"), "C/C++", 1)
    url = (await reader.get("/tags/")).json()["tags"][0]["url"]
    for _ in range(2):
        assert (await reader.put(f"{url}/follow")).status_code == 204
        followed = (await reader.get("/me/tags/")).json()
        assert [tag["name"] for tag in followed["tags"]] == ["C/C++"]
    for _ in range(2):
        assert (await reader.delete(f"{url}/follow")).status_code == 204
        assert (await reader.get("/me/tags/")).json()["count"] == 0


async def test_a_list_of_tags_with_the_longest_names_in_any_script_is_read_to_its_end(
    reader: Client, db: AsyncSession, make_user: MakeUser
) -> None:
    david = await make_user("david")
    for letter in "жя":
        await add_tagged(db, david, letter * LONGEST_TAG, 1)
        assert (await reader.put(f"/tags/{letter * LONGEST_TAG}/follow")).status_code == 204
    tags = await reader.all_of("/me/tags/?per_page=1&cursor=", "tags")
    assert [tag["name"] for tag in tags] == ["ж" * LONGEST_TAG, "я" * LONGEST_TAG]


async def test_nobody_follows_more_tags_than_the_followed_tab_can_look_up(
    susans_browser: Browser, reader: Client, db: AsyncSession, susan: User
) -> None:
    names = [f"tag {number}" for number in range(MOST_FOLLOWED + 1)]
    (post, *_) = await add_posts(db, susan, 1)
    rows = [{"name": name, "folded": name} for name in names]
    ids = (await db.scalars(insert(Tag).returning(Tag.id), rows)).all()
    pairs = [{"post_id": post.id, "tag_id": id_, "position": 0} for id_ in ids]
    await db.execute(insert(Post.metadata.tables["post_tags"]), pairs)
    db.add_all(TagFollow(user_id=susan.id, tag_id=id_) for id_ in ids[:-1])
    await db.commit()
    assert_problem(await reader.put(f"/tags/{names[-1]}/follow"), 409)
    assert (await reader.put(f"/tags/{names[0]}/follow")).status_code == 204
    await susans_browser.submit(f"/tag/{names[-1]}/follow", page="/tags")
    assert "which is the maximum" in (await susans_browser.get("/tags")).text
    assert len((await reader.get("/me/tags/")).json()["tags"]) == MOST_FOLLOWED


async def test_nobody_else_learns_which_tags_someone_follows(
    susans_browser: Browser, reader: Client, browser: Browser, db: AsyncSession,
    make_user: MakeUser,
) -> None:  # fmt: skip
    await add_tagged(db, await make_user("david"), "boats", 1)
    await susans_browser.submit("/tag/boats/follow", page="/tag/boats")
    timeline = await reader.get("/users/susan/timeline/")
    assert timeline.json()["posts"] == []
    assert "boats" not in (await browser.get("/user/susan")).text
