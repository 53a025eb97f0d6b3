"""`?fields=`: a list whose items have only the members that were asked for."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Follow, Post, User
from tests.api.support import Client, assert_problem
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts

LONG = "word " * 13_000


@pytest.fixture
async def site(
    db: AsyncSession, susan: User, make_user: Callable[..., Awaitable[User]]
) -> list[Post]:
    """Three posts of Susan's, two comments under the first, and David, who follows her."""
    david = await make_user("david")
    posts = await add_posts(db, susan, 3)
    await add_comments(db, posts[0], david.id, 2)
    db.add(Follow(follower_id=david.id, followed_id=susan.id))
    await db.commit()
    return posts


LISTS = [
    ("/posts/", "posts", "id,author,timestamp"),
    ("/posts/", "posts", "id,body_html"),
    ("/users/susan/posts/", "posts", "url"),
    ("/users/david/timeline/", "posts", "comment_count"),
    ("/comments/", "comments", "id,body"),
    ("/posts/1/comments/", "comments", "post_url,disabled"),
    ("/users/", "users", "username"),
    ("/users/susan/followers/", "users", "id,name"),
    ("/users/david/following/", "users", "avatar_url"),
]


@pytest.mark.parametrize(("address", "name", "fields"), LISTS)
@pytest.mark.parametrize("way", ["", "cursor=&"])
async def test_items_have_only_the_members_asked_for_and_the_rest_stays_as_it_is(
    anonymous: Client, site: list[Post], address: str, name: str, fields: str, way: str
) -> None:
    whole = (await anonymous.get(f"{address}?{way}")).json()
    names = fields.split(",")
    whole[name] = [{key: item[key] for key in item if key in names} for item in whole[name]]
    assert whole[name]
    for _ in range(2):  # Once made, and once kept.
        answer = await anonymous.get(f"{address}?{way}fields={fields}")
        assert answer.status_code == 200
        assert answer.json() == whole
    each = "&".join(f"fields={name}" for name in reversed(names))
    assert (await anonymous.get(f"{address}?{way}{each}")).content == answer.content


async def test_the_ways_on_ask_for_the_same_members(anonymous: Client, site: list[Post]) -> None:
    for way in ("page=1", "cursor="):
        address = f"/posts/?{way}&per_page=2&fields=id"
        answer = await anonymous.get(address)
        assert answer.json()["next"].endswith("&per_page=2&fields=id")
        assert answer.links["next"]["url"] == answer.json()["next"]
        posts = await anonymous.all_of(address, "posts")
        assert posts == [{"id": post.id} for post in reversed(site)]


async def test_a_part_has_an_entity_tag_of_its_own(anonymous: Client, site: list[Post]) -> None:
    whole = await anonymous.get("/posts/")
    part = await anonymous.get("/posts/?fields=id,url")
    other = await anonymous.get("/posts/?fields=id")
    tags = [answer.headers["etag"] for answer in (whole, part, other)]
    assert len(set(tags)) == 3
    for tag in tags:
        again = await anonymous.get("/posts/?fields=id,url", headers={"If-None-Match": tag})
        assert again.status_code == (304 if tag == tags[1] else 200)


@pytest.mark.parametrize("fields", ["", "id,", "password_hash", "id,posts", "BODY", "id body"])
async def test_a_member_that_there_is_not_is_refused(
    anonymous: Client, site: list[Post], fields: str
) -> None:
    answer = await anonymous.get("/posts/", params={"fields": fields})
    problem = assert_problem(answer, 422)
    assert [error["field"] for error in problem["errors"]] == ["fields"]
    assert "comments_url" in problem["detail"]


@pytest.fixture
async def long_posts(db: AsyncSession, susan: User) -> None:
    """More text than one answer is made of at once."""
    post = {"author_id": susan.id, "body": LONG, "body_html": LONG, "renderer_version": 1}
    await db.execute(insert(Post), [post] * 30)
    await db.commit()


async def test_texts_that_are_not_wanted_are_neither_read_nor_sent(
    app: Broadside, anonymous: Client, long_posts: None
) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    engines = [app.database.engine.sync_engine, app.database.reading_engine.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        answer = await anonymous.get("/posts/?per_page=100&fields=id,author")
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert len(answer.json()["posts"]) == 30
    assert len(answer.content) < 30 * 40 + 100
    assert statements
    assert not [statement for statement in statements if "posts.body" in statement]
    # A page by a cursor, too, is as long as wanted: there is nothing to be cut off.
    page = await anonymous.get("/posts/?per_page=30&cursor=&fields=id")
    assert (len(page.json()["posts"]), page.json()["next"]) == (30, None)


async def test_a_long_part_is_sent_in_pieces_with_only_the_members_asked_for(
    anonymous: Client, long_posts: None
) -> None:
    answer = await anonymous.get("/posts/?per_page=100&fields=id,body")
    assert "content-length" not in answer.headers
    posts = answer.json()["posts"]
    assert [post["id"] for post in posts] == list(range(30, 0, -1))
    assert all(post == {"id": post["id"], "body": LONG} for post in posts)
    whole = await anonymous.get("/posts/?per_page=100")
    assert whole.headers["etag"] != answer.headers["etag"]
