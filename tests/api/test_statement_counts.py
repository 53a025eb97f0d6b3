"""No read takes more than four statements, the caller's token and the limits included."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import ApiToken, Follow, PostTag, TagFollow, User
from blog.posts.fields import tag_ids
from tests.api.support import Client, add_token, statements_of
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts
from tests.test_statement_counts import add_revisions

# One authenticates the client.
READS = {
    "/": 1,
    "/posts/1/likes/": 3,
    "/comments/1/likes/": 3,
    "/posts/1/revisions/": 3,
    "/posts/1/revisions/?cursor=": 3,
    "/posts/1/revisions/1": 3,
    "/me/drafts/": 3,
    "/me/held/": 2,
    "/users/": 3,
    "/users/?cursor=": 3,
    "/users/person0": 2,
    "/users/person0/followers/": 3,
    "/users/person0/followers/?cursor=": 3,
    "/users/person0/following/": 3,
    "/users/person0/following/?cursor=": 3,
    "/me": 1,
    "/tokens/": 2,
    "/tokens/1": 2,
    "/tags/": 3,
    "/tags/?cursor=": 3,
    "/tags/boats": 2,
    "/me/tags/": 3,
}
# One more tells what the client likes and has bookmarked.
POSTS = {
    "/posts/": 3,
    "/posts/?cursor=": 3,
    "/posts/1": 3,
    "/posts/1/comments/": 4,
    "/posts/1/comments/?cursor=": 4,
    "/comments/": 4,
    "/comments/?cursor=": 4,
    "/comments/1": 3,
    "/users/person0/posts/": 4,
    "/users/person0/posts/?cursor=": 4,
    "/users/person0/timeline/": 4,
    "/users/person0/timeline/?cursor=": 4,
    "/tags/boats/posts/": 4,
    "/tags/boats/posts/?cursor=": 4,
}
# The client's own account is loaded by then.
OWN = {"/users/susan": 1}
OWN_POSTS = {"/users/susan/timeline/": 3, "/users/susan/timeline/?cursor=": 3}

# By Susan, and by anyone.
SEARCHES = {"/search/?q=post": [9, 5], "/search/?q=in:comments comment": [5, 3]}
FOLLOWING = {"PUT": 3, "DELETE": 3}


@pytest.fixture
async def limited(app: Broadside, susan: User) -> AsyncIterator[tuple[Client, Client]]:
    """Susan's client and an anonymous one, whose first requests are over."""
    token = await add_token(app, susan)
    async with Client(app, token=token) as bearer, Client(app) as anonymous:
        await bearer.get("/posts/")
        await anonymous.get("/posts/")
        yield bearer, anonymous


@pytest.mark.parametrize("rows", [1, 20, 50])
async def test_a_read_takes_the_same_few_statements_however_long_the_list_is(
    limited: tuple[Client, Client], db: AsyncSession, susan: User, rows: int,
    make_user: Callable[..., Awaitable[User]],
) -> None:  # fmt: skip
    posts = await add_posts(db, susan, rows)
    await add_revisions(db, posts[0], rows)
    for number in range(rows):
        other = await make_user(f"person{number}")
        await add_posts(db, other, 1)
        await add_comments(db, posts[number], other.id, 1)
        db.add(Follow(follower_id=susan.id, followed_id=other.id))
        db.add(Follow(follower_id=other.id, followed_id=susan.id))
    await add_comments(db, posts[0], susan.id, rows)
    values = {"user_id": susan.id, "name": "x", "scopes": 1, "expires_at": now() + timedelta(1)}
    db.add_all(ApiToken(token_hash=bytes([number]), **values) for number in range(rows))
    (boats,) = await tag_ids(db, ["boats"])
    db.add_all(PostTag(post_id=post.id, tag_id=boats, position=0) for post in posts)
    db.add(TagFollow(user_id=susan.id, tag_id=boats))
    await db.commit()
    bearer, anonymous = limited
    for address, expected in (READS | OWN | POSTS | OWN_POSTS).items():
        taken = []
        # A process takes some requests at once out of the quota; that one takes a statement more.
        for _ in range(2):
            answer = await bearer.get(address)
            assert answer.status_code == 200
            taken.append(statements_of(answer))
        assert min(taken) == expected, address
        if "/me" not in address and "/tokens/" not in address:
            taken = [statements_of(await anonymous.get(address)) for _ in range(2)]
            saved = 2 if address in POSTS else 1 if address in READS | OWN_POSTS else 0
            assert min(taken) == expected - saved, address
    assert max((READS | POSTS).values()) <= 4
    for address, counts in SEARCHES.items():
        for client, count in zip(limited, counts, strict=True):
            taken = [statements_of(await client.get(address)) for _ in range(2)]
            assert min(taken) == count, address


@pytest.mark.parametrize("rows", [0, 50])
async def test_following_a_tag_takes_the_same_few_statements_however_many_are_followed(
    limited: tuple[Client, Client], db: AsyncSession, susan: User, rows: int
) -> None:
    (post,) = await add_posts(db, susan, 1)
    boats, *others = await tag_ids(db, ["boats", *(f"tag{number}" for number in range(rows))])
    db.add(PostTag(post_id=post.id, tag_id=boats, position=0))
    db.add_all(TagFollow(user_id=susan.id, tag_id=other) for other in others)
    await db.commit()
    bearer, _ = limited
    taken: dict[str, list[int]] = {"PUT": [], "DELETE": []}
    for _ in range(2):
        for method, counts in taken.items():
            answer = await bearer.request(method, "/tags/boats/follow")
            assert answer.status_code == 204
            counts.append(statements_of(answer))
    assert {method: min(counts) for method, counts in taken.items()} == FOLLOWING
