"""The post that somebody looks for comes first."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from blog.core.clock import now
from blog.core.db.pagination import CursorRequest
from blog.core.text.tags import fold_tag
from blog.core.web.app import Broadside
from blog.models import Post, PostTag, Tag
from blog.search.finding import SearchRequest, find_resources
from blog.search.statements import Sorting
from tests.conftest import RunningApp
from tests.emptying import empty
from tests.search.corpus import POSTS, QUESTIONS
from tests.support import add_user


@pytest.fixture(scope="module")
async def corpus(running_app: RunningApp, emptying_engine: AsyncEngine) -> AsyncIterator[Broadside]:
    """A site with the corpus, written once."""
    app = running_app.app
    await empty(emptying_engine)
    robin = await add_user(app, "robin")
    async with app.database.session() as session:
        await write(session, robin.id)
        await session.commit()
    yield app
    await empty(emptying_engine)


async def write(session: AsyncSession, author_id: int) -> None:
    tags: dict[str, Tag] = {}
    for number, each in enumerate(POSTS):
        post = Post(
            author_id=author_id, title=each.title or None, slug=None, body=each.body,
            language=each.language, body_html=f"<p>{each.body}</p>", renderer_version=1,
            published_at=now() - timedelta(days=len(POSTS) - number),
        )  # fmt: skip
        session.add(post)
        await session.flush()
        for position, name in enumerate(each.tags):
            if name not in tags:
                tags[name] = Tag(name=name, folded=fold_tag(name))
                session.add(tags[name])
                await session.flush()
            session.add(PostTag(post_id=post.id, tag_id=tags[name].id, position=position))


@pytest.mark.parametrize(("text", "expected"), QUESTIONS, ids=[text for text, _ in QUESTIONS])
async def test_the_post_that_somebody_looks_for_comes_first(
    corpus: Broadside, text: str, expected: str
) -> None:
    asked = SearchRequest(text, Sorting.RELEVANCE, CursorRequest(20))
    async with corpus.database.reading_session() as session:
        found = await find_resources(session, asked)
    names = {each.body: each.name for each in POSTS}
    assert [names[post.body] for post in found.posts[:1]] == [expected]


async def test_where_a_link_leads_is_not_found(corpus: Broadside) -> None:
    async with corpus.database.reading_session() as session:
        found = await find_resources(
            session, SearchRequest("secretword", Sorting.DATE, CursorRequest(20))
        )
    assert found.matches.total == 0
