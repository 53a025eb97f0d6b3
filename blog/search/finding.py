"""Run a search for a page, a feed or the API. Everything is read in one transaction."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.queries import readable_comments
from blog.core.db.pagination import CursorRequest
from blog.models import Comment, User
from blog.posts.listed import ListedPost
from blog.posts.queries import own_texts_of, texts_of
from blog.search import queries, results
from blog.search.marking import Marks
from blog.search.queries import Matches
from blog.search.question import Question, parse
from blog.search.results import ShownComment, ShownPost
from blog.search.statements import Sorting


class SearchRequest(NamedTuple):
    """A search as typed, with the requested page and order of the results.

    Attributes:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """

    text: str
    sorting: Sorting
    wanted: CursorRequest
    viewer_id: int = 0
    filtered_for: int = 0


class SearchPage(NamedTuple):
    """The results on a page: posts or comments. People, tags and the viewer's own posts are on the
    first page only."""

    question: Question
    matches: Matches
    posts: Sequence[ShownPost] = ()
    comments: Sequence[ShownComment] = ()
    own: Sequence[ShownPost] = ()
    people: Sequence[User] = ()
    tags: Sequence[str] = ()


class FoundTexts(NamedTuple):
    """The results in a feed, and the cursor of the next page."""

    posts: Sequence[ListedPost]
    comments: Sequence[Comment]
    next_cursor: str | None


class FoundResources(NamedTuple):
    """The results in the API."""

    matches: Matches
    posts: Sequence[ListedPost] = ()
    comments: Sequence[Comment] = ()
    people: Sequence[User] = ()
    tags: Sequence[str] = ()


async def find(session: AsyncSession, request: SearchRequest) -> SearchPage:
    """Search for a page. Needs a new session.

    Raises:
        InvalidCursorError: the cursor doesn't belong to such a list.
        DBAPIError: the database cancelled the search because it took too long.
    """
    question, found = await _find_matches(session, request)
    marks = Marks(frozenset(question.marked), found.lexemes)
    if question.in_comments:
        comments = await results.shown_comments(session, found.ids, marks)
        return SearchPage(question, found, comments=comments)
    posts = await results.shown_posts(session, found.ids, marks)
    if request.wanted.cursor:
        return SearchPage(question, found, posts)
    own: Sequence[ShownPost] = ()
    if request.viewer_id:
        ids = await queries.own_matches(session, question, request.viewer_id)
        own = await results.shown_posts(session, ids, marks, request.viewer_id)
    return SearchPage(
        question, found, posts, own=own,
        people=await results.people(session, question, request.filtered_for),
        tags=await results.tags(session, question, request.text),
    )  # fmt: skip


async def suggest(
    session: AsyncSession, text: str, filtered_for: int = 0
) -> Sequence[tuple[str, str]]:
    """Suggest people and tags that start with a text: the search, and its label.

    Needs a new session.
    """
    await queries.limit_time(session)
    question = await queries.resolve_question(session, text)
    people = await results.people(session, question, filtered_for)
    tags = await results.tags(session, question, text)
    return (
        *((f"author:{person.username}", person.name or person.username) for person in people),
        *((f'tag:"{tag}"' if " " in tag else f"tag:{tag}", tag) for tag in tags),
    )


async def suggest_people(session: AsyncSession, text: str, filtered_for: int = 0) -> Sequence[User]:
    """Suggest people whose names start with a text, like `suggest`."""
    await queries.limit_time(session)
    return await results.people(session, parse(text, {}, {}), filtered_for)


async def find_texts(session: AsyncSession, text: str, wanted: CursorRequest) -> FoundTexts:
    """Search for the newest posts or comments only, with their texts; otherwise like `find`."""
    question, found = await _find_matches(session, SearchRequest(text, Sorting.DATE, wanted))
    if question.in_comments:
        return FoundTexts((), await readable_comments(session, found.ids), found.next_cursor)
    return FoundTexts(await texts_of(session, found.ids), (), found.next_cursor)


async def find_resources(session: AsyncSession, request: SearchRequest) -> FoundResources:
    """Search for the API; otherwise like `find`."""
    question, found = await _find_matches(session, request)
    if question.in_comments:
        return FoundResources(found, comments=await readable_comments(session, found.ids))
    listed = {post.id: post for post in await texts_of(session, found.ids)}
    posts = [listed[id_] for id_ in found.ids if id_ in listed]
    if request.wanted.cursor:
        return FoundResources(found, posts)
    if request.viewer_id:
        own = await queries.own_matches(session, question, request.viewer_id)
        posts = [*await own_texts_of(session, request.viewer_id, own), *posts]
    people = await results.people(session, question, request.filtered_for)
    tags = await results.tags(session, question, request.text)
    return FoundResources(found, posts, people=people, tags=tags)


async def _find_matches(session: AsyncSession, request: SearchRequest) -> tuple[Question, Matches]:
    await queries.limit_time(session)
    question = await queries.resolve_question(session, request.text)
    return question, await queries.matches(
        session,
        question,
        request.sorting,
        request.wanted,
        request.filtered_for,
    )
