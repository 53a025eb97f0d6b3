"""One search, as a page and the API need it: everything is read in one transaction."""

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


class Asked(NamedTuple):
    """A search: what somebody typed, and which page of the results in which order they want.

    Attributes:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """

    text: str
    sorting: Sorting
    wanted: CursorRequest
    viewer_id: int = 0
    filtered_for: int = 0


class Found(NamedTuple):
    """What the page of a search shows: posts or comments. People, tags and own posts are on the
    first page only."""

    question: Question
    matches: Matches
    posts: Sequence[ShownPost] = ()
    comments: Sequence[ShownComment] = ()
    own: Sequence[ShownPost] = ()
    people: Sequence[User] = ()
    tags: Sequence[str] = ()


class FoundTexts(NamedTuple):
    """What the feed of a search shows, and the cursor of the next page."""

    posts: Sequence[ListedPost]
    comments: Sequence[Comment]
    next_cursor: str | None


class FoundResources(NamedTuple):
    """What the API answers to a search."""

    matches: Matches
    posts: Sequence[ListedPost] = ()
    comments: Sequence[Comment] = ()
    people: Sequence[User] = ()
    tags: Sequence[str] = ()


async def find(session: AsyncSession, asked: Asked) -> Found:
    """Search for a page. The session is a new one.

    Raises:
        InvalidCursorError: the cursor is not of such a list.
        DBAPIError: the database ended it, because it took too long.
    """
    question, found = await _matches(session, asked)
    marks = Marks(frozenset(question.marked), found.lexemes)
    if question.in_comments:
        comments = await results.shown_comments(session, found.ids, marks)
        return Found(question, found, comments=comments)
    posts = await results.shown_posts(session, found.ids, marks)
    if asked.wanted.cursor:
        return Found(question, found, posts)
    own: Sequence[ShownPost] = ()
    if asked.viewer_id:
        ids = await queries.own_matches(session, question, asked.viewer_id)
        own = await results.shown_posts(session, ids, marks, asked.viewer_id)
    return Found(
        question, found, posts, own=own,
        people=await results.people(session, question, asked.filtered_for),
        tags=await results.tags(session, question, asked.text),
    )  # fmt: skip


async def suggest(
    session: AsyncSession, text: str, filtered_for: int = 0
) -> Sequence[tuple[str, str]]:
    """People and tags that begin with what somebody types: what to search for, and its meaning.

    The session is a new one.
    """
    await queries.limit_time(session)
    question = await queries.understand(session, text)
    people = await results.people(session, question, filtered_for)
    tags = await results.tags(session, question, text)
    return (
        *((f"author:{person.username}", person.name or person.username) for person in people),
        *((f'tag:"{tag}"' if " " in tag else f"tag:{tag}", tag) for tag in tags),
    )


async def suggest_people(session: AsyncSession, text: str, filtered_for: int = 0) -> Sequence[User]:
    """People whose names begin with what somebody types, as `suggest` finds them."""
    await queries.limit_time(session)
    return await results.people(session, parse(text, {}, {}), filtered_for)


async def find_texts(session: AsyncSession, text: str, wanted: CursorRequest) -> FoundTexts:
    """Search for the newest posts or comments only, with their texts; otherwise as `find`."""
    question, found = await _matches(session, Asked(text, Sorting.DATE, wanted))
    if question.in_comments:
        return FoundTexts((), await readable_comments(session, found.ids), found.next_cursor)
    return FoundTexts(await texts_of(session, found.ids), (), found.next_cursor)


async def find_resources(session: AsyncSession, asked: Asked) -> FoundResources:
    """Search for the API; otherwise as `find`."""
    question, found = await _matches(session, asked)
    if question.in_comments:
        return FoundResources(found, comments=await readable_comments(session, found.ids))
    listed = {post.id: post for post in await texts_of(session, found.ids)}
    posts = [listed[id_] for id_ in found.ids if id_ in listed]
    if asked.wanted.cursor:
        return FoundResources(found, posts)
    if asked.viewer_id:
        own = await queries.own_matches(session, question, asked.viewer_id)
        posts = [*await own_texts_of(session, asked.viewer_id, own), *posts]
    people = await results.people(session, question, asked.filtered_for)
    tags = await results.tags(session, question, asked.text)
    return FoundResources(found, posts, people=people, tags=tags)


async def _matches(session: AsyncSession, asked: Asked) -> tuple[Question, Matches]:
    await queries.limit_time(session)
    question = await queries.understand(session, asked.text)
    return question, await queries.matches(
        session, question, asked.sorting, asked.wanted, asked.filtered_for
    )
