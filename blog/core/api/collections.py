"""Lists of resources: in numbered pages, or in pages that a cursor leads to.

A number is the quick way to any page of a list, but rows move from page to page while others
write. Who follows cursors neither misses nor repeats what is there all along: each answer has the
address of the next page, which begins after the last row of this one.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from quart import Response, request
from quart_schema import document_querystring, document_response

from blog.core.api.links import Links, Url, links, this_address
from blog.core.api.responses import (
    TAG_LENGTH,
    cached_json_response,
    json_response,
    streamed_json_response,
)
from blog.core.db.pagination import CursorRequest, Page, PageRequest
from blog.core.errors import InvalidFieldsError
from blog.core.text.validation import messages

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row")

LARGEST_PAGE = 9_999_999_999
MOST_PER_PAGE = 100
# Of an answer's texts, in characters.
LONGEST_AT_ONCE = 256 * 1024


class ListQuery(BaseModel):
    """Which part of a list is wanted."""

    model_config = ConfigDict(hide_input_in_errors=True)

    # A generated client would send a default along with `cursor`.
    page: Annotated[
        int | None,
        Field(
            ge=1,
            le=LARGEST_PAGE,
            description="The number of a page, the first one if left out. Not with `cursor`.",
        ),
    ] = None
    per_page: Annotated[
        int | None,
        Field(ge=1, le=MOST_PER_PAGE, description="How many items an answer has at most."),
    ] = None
    cursor: Annotated[
        str | None,
        Field(
            max_length=100,
            pattern="^[A-Za-z0-9_-]*$",
            description="Where the page begins, from `next`; if empty, at the first item.",
        ),
    ] = None


class Collection(BaseModel):
    """Part of a list, and the ways to the parts beside it."""

    prev: Annotated[
        Url | None, Field(description="The address of the page before; none with a cursor.")
    ]
    next: Annotated[Url | None, Field(description="The address of the page after.")]
    count: Annotated[int, Field(ge=0, description="How many items the whole list has.")]


def list_example(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """The example of a list that has one item."""
    return {"prev": None, "next": None, "count": 1, name: [item]}


class ListHeaders(BaseModel):
    """The headers of an answer with a part of a list."""

    link: Annotated[
        str,
        Field(
            description="The ways to the parts of the list beside this one: "
            '`rel="prev"` and `rel="next"`.'
        ),
    ]


def paginated(collection: type[Collection]) -> Callable[[View], View]:
    """Document that a view answers with such a list, and what it can be asked for."""

    def decorate(view: View) -> View:
        documented = document_response(collection, 200, ListHeaders)(view)
        return document_querystring(ListQuery)(documented)

    return decorate


def requested_page(size: int) -> PageRequest | CursorRequest:
    """Which page of a list the current request asks for.

    Args:
        size: how many rows there are where the client does not say.

    Raises:
        InvalidFieldsError: it asks for something that cannot be.
    """
    try:
        query = ListQuery.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise InvalidFieldsError(messages(error)) from None
    size = query.per_page or size
    if query.cursor is None:
        return PageRequest(query.page or 1, size)
    if query.page is not None:
        raise InvalidFieldsError({"page": "Please give either a page or a cursor."})
    return CursorRequest(size, query.cursor)


class Rest(NamedTuple):
    """The items of a list that come behind its rows, and are read while the answer is sent.

    Attributes:
        revisions: what tells the items from what they were before and will be after.
        items: the items.
    """

    revisions: Sequence[str]
    items: AsyncIterator[BaseModel]


async def list_response(
    collection: type[Collection], name: str, page: Page[Row],
    resource: Callable[[Row, Links], BaseModel], *, keep: bool = False,
    length: Callable[[Row], int] = lambda _row: 0, rest: Rest | None = None,
) -> Response:  # fmt: skip
    """A page of a list, with the ways to those beside it in the body and as `Link` (RFC 8288).

    Args:
        collection: what the answer is.
        name: what the items are called in it.
        page: the rows.
        resource: makes a resource of a row.
        keep: whether the rows are values, of which `resource` always makes the same.
        length: how many characters the text of a row has. If they are many in all, the answer is
            made, compressed and sent in pieces, and others have their turn in between.
        rest: what comes behind the rows, if that is too much to be read before.
    """
    per_page = request.args.get("per_page")
    ways = {"prev": page.previous_number, "next": page.next_number}
    addresses = {
        rel: this_address(page=number, per_page=per_page) if number else None
        for rel, number in ways.items()
    }
    if cursor := page.next_cursor:
        addresses["next"] = this_address(cursor=cursor, per_page=per_page)
    made_of = _MadeOf(
        collection, name, tuple(page.rows), resource, links(), page.total or 0, **addresses
    )
    if rest or sum(map(length, page.rows)) > LONGEST_AT_ONCE:
        response = await _answer_in_pieces(made_of, rest)
    elif keep:
        response = cached_json_response(_collection, made_of)
    else:
        response = json_response(_collection(made_of))
    for rel, address in addresses.items():
        if address:
            response.headers.add("Link", f'<{address}>; rel="{rel}"')
    return response


class _MadeOf(NamedTuple):
    """All that part of a list is made of."""

    collection: type[Collection]
    name: str
    rows: tuple[Any, ...]
    resource: Callable[[Any, Links], BaseModel]
    to: Links
    length: int
    prev: str | None
    next: str | None


def _collection(of: _MadeOf) -> Collection:
    items: dict[str, Any] = {of.name: [of.resource(row, of.to) for row in of.rows]}
    return of.collection(prev=of.prev, next=of.next, count=of.length, **items)


async def _answer_in_pieces(of: _MadeOf, rest: Rest | None) -> Response:
    """The same as by `_collection`, of which no more than an item is in memory at a time."""
    frame = Collection(prev=of.prev, next=of.next, count=of.length).model_dump_json()
    head = f'{frame[:-1]},"{of.name}":['
    items = [of.resource(row, of.to) for row in of.rows]
    digest = hashlib.sha256(head.encode())
    for item in items:
        digest.update(item.model_dump_json().encode())
        await asyncio.sleep(0)
    digest.update("".join(rest.revisions if rest else ()).encode())

    async def pieces() -> AsyncIterator[str]:
        before = head
        for item in items:
            yield before + item.model_dump_json()
            before = ","
        if rest:
            async for resource in rest.items:
                yield before + resource.model_dump_json()
                before = ","
        yield "]}" if before == "," else f"{before}]}}"

    return streamed_json_response(digest.hexdigest()[:TAG_LENGTH], pieces())
