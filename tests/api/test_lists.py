"""Lists in numbered pages, at any depth, and the ways between them."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from blog.models.id_ranges import IdRange
from tests.api.support import Client
from tests.comments.support import add_comments, add_post
from tests.posts.test_posts import add_posts

SIZE = IdRange.SIZE


async def test_a_page_names_those_beside_it_in_the_body_and_in_the_header(
    anonymous: Client, db: AsyncSession, susan: User
) -> None:
    await add_posts(db, susan, 5)
    at = "https://blog.test/api/v1/posts/"
    expected = {
        1: (None, f"{at}?page=2&per_page=2"),
        2: (f"{at}?page=1&per_page=2", f"{at}?page=3&per_page=2"),
        3: (f"{at}?page=2&per_page=2", None),
        4: (f"{at}?page=3&per_page=2", None),
        9_999_999_999: (f"{at}?page=3&per_page=2", None),
    }
    for number, (before, after) in expected.items():
        answer = await anonymous.get(f"/posts/?page={number}&per_page=2")
        part = answer.json()
        assert (part["prev"], part["next"], part["count"]) == (before, after, 5)
        assert len(part["posts"]) == {1: 2, 2: 2, 3: 1}.get(number, 0)
        links = {rel: link["url"] for rel, link in answer.links.items()}
        assert links == {
            rel: url for rel, url in (("prev", before), ("next", after)) if url is not None
        }


async def test_a_page_is_as_long_as_wanted_and_by_default_as_the_pages_of_the_site(
    anonymous: Client, db: AsyncSession, susan: User
) -> None:
    await add_posts(db, susan, 101)
    for query, number in (("", 20), ("?per_page=1", 1), ("?per_page=100", 100), ("?cursor=", 20)):
        assert len((await anonymous.get(f"/posts/{query}")).json()["posts"]) == number
    ids = [post["id"] for post in await anonymous.all_of("/posts/?per_page=7", "posts")]
    assert ids == list(range(101, 0, -1))


async def test_each_version_links_to_itself(app: Broadside, susan: User) -> None:
    async with Client(app, "v1.0") as client:
        answer = await client.get("/users/?per_page=1&page=2", headers={"Host": "blog.test:8080"})
    assert answer.json()["prev"] == "https://blog.test/api/v1.0/users/?page=1&per_page=1"


async def test_empty_lists_have_neither_items_nor_links(anonymous: Client, susan: User) -> None:
    for address, name in [
        ("/posts/", "posts"), ("/comments/", "comments"), ("/users/susan/posts/", "posts"),
        ("/users/susan/timeline/", "posts"), ("/users/susan/followers/", "users"),
        ("/users/susan/following/", "users"),
    ]:  # fmt: skip
        for query in ("", "?cursor="):
            part = (await anonymous.get(address + query)).json()
            assert part == {"prev": None, "next": None, "count": 0, name: []}


@pytest.fixture
async def sparse_comments(db: AsyncSession, susan: User) -> list[int]:
    """The ids of comments around the borders of their ranges, the newest first."""
    post: Post = await add_post(db, susan)
    places = [1, 2, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE - 1, 3 * SIZE, 5 * SIZE, 5 * SIZE + 7]
    written = {"post_id": post.id, "author_id": susan.id, "body": "x", "body_html": "x",
               "renderer_version": 1}  # fmt: skip
    db.add_all(Comment(id=place, **written) for place in places)
    await db.commit()
    return places[::-1]


async def test_pages_of_comments_are_right_across_the_borders_of_ranges(
    anonymous: Client, sparse_comments: list[int]
) -> None:
    for size in (1, 2, 3, 4, 100):
        for start in range(0, len(sparse_comments) + size, size):
            address = f"/comments/?per_page={size}&page={start // size + 1}"
            part = (await anonymous.get(address)).json()
            ids = [comment["id"] for comment in part["comments"]]
            assert ids == sparse_comments[start : start + size], address
            assert part["count"] == len(sparse_comments)
            assert (part["next"] is None) == (start + size >= len(sparse_comments))


async def test_pages_of_people_are_right_across_the_borders_of_ranges(
    anonymous: Client, db: AsyncSession, susan: User
) -> None:
    places = [SIZE - 1, SIZE, 2 * SIZE - 1, 2 * SIZE, 7 * SIZE]
    values = {"password_hash": "", "role_id": susan.role_id}
    db.add_all(
        User(id=place, username=f"p{place}", email=f"{place}@example.com", **values)
        for place in places
    )
    await db.commit()
    expected = [*places[::-1], susan.id]
    for size in (1, 2, 5, 100):
        listed = await anonymous.all_of(f"/users/?per_page={size}", "users")
        assert [person["id"] for person in listed] == expected


async def test_comments_under_a_post_come_the_oldest_first(
    anonymous: Client, db: AsyncSession, susan: User
) -> None:
    post = await add_post(db, susan)
    await add_comments(db, await add_post(db, susan), susan.id, 3)
    await add_comments(db, post, susan.id, 5)
    for query in ("page=1", "cursor="):
        address = f"/posts/{post.id}/comments/?per_page=2&{query}"
        listed = await anonymous.all_of(address, "comments")
        assert [comment["id"] for comment in listed] == [4, 5, 6, 7, 8]
