"""Lists of resources, paginated by number or by cursor.

Page numbers give random access, but rows move between pages while others write. A client that
follows cursors neither misses nor repeats a row that exists throughout: each response links to the
next page, which starts after its last row.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from quart import Response, request
from quart_schema import document_querystring, document_response

from blog.core.api.links import Links, Url, links, this_url
from blog.core.api.responses import (
    TAG_LENGTH,
    cached_json_response,
    json_response,
    streamed_json_response,
)
from blog.core.db.cursors import LONGEST_CURSOR
from blog.core.db.pagination import CursorRequest, Page, PageRequest
from blog.core.errors import InvalidFieldsError
from blog.core.text.validation import messages

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row")
Query = TypeVar("Query", bound=BaseModel)

LARGEST_PAGE = 9_999_999_999
MOST_PER_PAGE = 100
# The total size of a response's texts, in characters.
LONGEST_AT_ONCE = 256 * 1024


class CursorQuery(BaseModel):
    """The query parameters of a list without page numbers."""

    model_config = ConfigDict(hide_input_in_errors=True)

    per_page: Annotated[
        int | None,
        Field(ge=1, le=MOST_PER_PAGE, description="The maximum number of items on a page."),
    ] = None
    cursor: Annotated[
        str | None,
        Field(
            max_length=LONGEST_CURSOR,
            pattern="^[A-Za-z0-9_-]*$",
            description="The position of the page, from `next`. Empty for the first page.",
        ),
    ] = None


class ListQuery(CursorQuery):
    """The query parameters of a list."""

    # Without a default: a generated client would send it along with `cursor`.
    page: Annotated[
        int | None,
        Field(
            ge=1,
            le=LARGEST_PAGE,
            description="The page number, 1 by default. Can't be combined with `cursor`.",
        ),
    ] = None


class Collection(BaseModel):
    """A page of a list, with links to its neighbours."""

    prev: Annotated[
        Url | None, Field(description="The URL of the previous page. Null when paging by cursor.")
    ]
    next: Annotated[Url | None, Field(description="The URL of the next page.")]
    count: Annotated[int, Field(ge=0, description="The number of items in the whole list.")]

    @classmethod
    def item(cls) -> tuple[str, type[BaseModel]]:
        """The name and the model of its items."""
        [name] = cls.model_fields.keys() - Collection.model_fields.keys()
        [item] = get_args(cls.model_fields[name].annotation)
        return name, item


def list_example(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """An example list with one item."""
    return {"prev": None, "next": None, "count": 1, name: [item]}


class ListHeaders(BaseModel):
    """The headers of a page."""

    link: Annotated[
        str,
        Field(description='The previous and the next page: `rel="prev"` and `rel="next"`.'),
    ]


def paginated(
    collection: type[Collection], *, numbered: bool = True, query: type[CursorQuery] | None = None
) -> Callable[[View], View]:
    """Document that a view returns such a list, and its query parameters.

    Args:
        collection: the list.
        numbered: whether its pages have numbers.
        query: the query parameters, if there are more.
    """
    names: Any = Literal[tuple(collection.item()[1].model_fields)]
    description = (
        "The fields to include in each item, repeated or separated by commas. All fields "
        "by default."
    )
    fields: Any = (list[names] | None, Field(default=None, description=description))
    base = query or (ListQuery if numbered else CursorQuery)
    documented_query = create_model("Query", __base__=base, fields=fields)

    def decorate(view: View) -> View:
        documented = document_response(collection, 200, ListHeaders)(view)
        return document_querystring(documented_query)(documented)

    return decorate


def requested_fields(collection: type[Collection]) -> tuple[str, ...] | None:
    """The fields that `?fields=` selects, in the order of the model; `None` for all.

    Raises:
        InvalidFieldsError: there is no such field.
    """
    if (given := request.args.getlist("fields")) == []:
        return None
    wanted = set(",".join(given).split(","))
    names = collection.item()[1].model_fields
    if wanted - names.keys():
        raise InvalidFieldsError({"fields": f"Please choose from: {', '.join(names)}."})
    return tuple(name for name in names if name in wanted)


def requested_page(size: int) -> PageRequest | CursorRequest:
    """The page that the current request asks for.

    Args:
        size: the default number of rows.

    Raises:
        InvalidFieldsError: a parameter is invalid.
    """
    query = requested(ListQuery)
    size = query.per_page or size
    if query.cursor is None:
        return PageRequest(query.page or 1, size)
    if query.page is not None:
        raise InvalidFieldsError({"page": "Please send either a page or a cursor, not both."})
    return CursorRequest(size, query.cursor)


def requested_cursor(size: int) -> CursorRequest:
    """As `requested_page`, of a list without page numbers."""
    query = requested(CursorQuery)
    return CursorRequest(query.per_page or size, query.cursor or "")


def requested(schema: type[Query]) -> Query:
    """The query parameters of a request.

    Raises:
        InvalidFieldsError: they are invalid.
    """
    try:
        return schema.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise InvalidFieldsError(messages(error, for_programs=True)) from None


class Rest(NamedTuple):
    """The last items of a list, read while the response is sent.

    Attributes:
        revisions: values that change whenever an item changes.
        items: the items.
    """

    revisions: Sequence[str]
    items: AsyncIterator[BaseModel]


async def list_response(
    collection: type[Collection], page: Page[Row],
    resource: Callable[[Row, Links], BaseModel], *, keep: bool = False,
    texts: Iterable[str] = (), rest: Rest | None = None,
    also: Mapping[str, str | None] | None = None,
) -> Response:  # fmt: skip
    """Respond with a page of a list, with links to its neighbours in the body and as `Link` (RFC
    8288).

    Args:
        collection: the model of the response.
        page: the rows.
        resource: builds the resource of a row.
        keep: whether the rows are immutable values, so that the result of `resource` may be cached.
        texts: the attributes of a row that may be long. If their total is large, the response is
            built, compressed and sent in pieces, so that it does not block the event loop.
        rest: the items after the rows, if they are too large to be read beforehand.
        also: further query parameters that the neighbours have as well.
    """
    fields = requested_fields(collection)
    kept = {
        "per_page": request.args.get("per_page"),
        "fields": None if fields is None else ",".join(fields),
        **(also or {}),
    }
    ways = {"prev": page.previous_number, "next": page.next_number}
    addresses = {
        rel: this_url(page=number, **kept) if number else None for rel, number in ways.items()
    }
    if cursor := page.next_cursor:
        addresses["next"] = this_url(cursor=cursor, **kept)
    made_of = _Contents(
        collection, tuple(page.rows), resource, links(), page.total or 0, fields, **addresses
    )
    shown = [name for name in texts if fields is None or name in fields]
    length = sum(len(getattr(row, name)) for row in page.rows for name in shown)
    if rest or length > LONGEST_AT_ONCE:
        response = await _stream(made_of, rest)
    elif keep:
        response = cached_json_response(_render, made_of)
    else:
        response = json_response(_render(made_of))
    for rel, address in addresses.items():
        if address:
            response.headers.add("Link", f'<{address}>; rel="{rel}"')
    return response


class _Contents(NamedTuple):
    """The contents of a page."""

    collection: type[Collection]
    rows: tuple[Any, ...]
    resource: Callable[[Any, Links], BaseModel]
    to: Links
    length: int
    fields: tuple[str, ...] | None
    prev: str | None
    next: str | None


def _render(of: _Contents) -> str:
    name, _ = of.collection.item()
    items: dict[str, Any] = {name: [of.resource(row, of.to) for row in of.rows]}
    whole = of.collection(prev=of.prev, next=of.next, count=of.length, **items)
    if of.fields is None:
        return whole.model_dump_json()
    included: dict[str, Any] = dict.fromkeys(Collection.model_fields, True)
    return whole.model_dump_json(include=included | {name: {"__all__": set(of.fields)}})


async def _stream(of: _Contents, rest: Rest | None) -> Response:
    """The same text as `_render`, built with one item in memory at a time."""
    frame = Collection(prev=of.prev, next=of.next, count=of.length).model_dump_json()
    head = f'{frame[:-1]},"{of.collection.item()[0]}":['
    items = [of.resource(row, of.to) for row in of.rows]
    included = None if of.fields is None else set(of.fields)
    digest = hashlib.sha256(f"{head} {of.fields}".encode())
    for item in items:
        digest.update(item.model_dump_json(include=included).encode())
        await asyncio.sleep(0)
    digest.update("".join(rest.revisions if rest else ()).encode())

    async def pieces() -> AsyncIterator[str]:
        before = head
        for item in items:
            yield before + item.model_dump_json(include=included)
            before = ","
        if rest:
            async for resource in rest.items:
                yield before + resource.model_dump_json(include=included)
                before = ","
        yield "]}" if before == "," else f"{before}]}}"

    return streamed_json_response(digest.hexdigest()[:TAG_LENGTH], pieces())
