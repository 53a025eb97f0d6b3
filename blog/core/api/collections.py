"""Lists of resources: in numbered pages, or in pages that a cursor leads to.

A number is the quick way to any page of a list, but rows move from page to page while others
write. Who follows cursors neither misses nor repeats what is there all along: each answer has the
address of the next page, which begins after the last row of this one.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
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

    @classmethod
    def item(cls) -> tuple[str, type[BaseModel]]:
        """What its items are called, and what they are."""
        [name] = cls.model_fields.keys() - Collection.model_fields.keys()
        [item] = get_args(cls.model_fields[name].annotation)
        return name, item


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
    names: Any = Literal[tuple(collection.item()[1].model_fields)]
    description = (
        "The members that the items shall have, each on its own or separated by commas; all if "
        "left out."
    )
    fields: Any = (list[names] | None, Field(default=None, description=description))
    query = create_model("Query", __base__=ListQuery, fields=fields)

    def decorate(view: View) -> View:
        documented = document_response(collection, 200, ListHeaders)(view)
        return document_querystring(query)(documented)

    return decorate


def requested_fields(collection: type[Collection]) -> tuple[str, ...] | None:
    """Which members the items of the answer shall have, in the order of all; `None` for all.

    Raises:
        InvalidFieldsError: they have no such member.
    """
    if (given := request.args.getlist("fields")) == []:
        return None
    wanted = set(",".join(given).split(","))
    names = collection.item()[1].model_fields
    if wanted - names.keys():
        raise InvalidFieldsError({"fields": f"Please choose from {', '.join(names)}."})
    return tuple(name for name in names if name in wanted)


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
    collection: type[Collection], page: Page[Row],
    resource: Callable[[Row, Links], BaseModel], *, keep: bool = False,
    texts: Iterable[str] = (), rest: Rest | None = None,
) -> Response:  # fmt: skip
    """A page of a list, with the ways to those beside it in the body and as `Link` (RFC 8288).

    Args:
        collection: what the answer is.
        page: the rows.
        resource: makes a resource of a row.
        keep: whether the rows are values, of which `resource` always makes the same.
        texts: the members of a row that may be long. If they are so in all, the answer is
            made, compressed and sent in pieces, and others have their turn in between.
        rest: what comes behind the rows, if that is too much to be read before.
    """
    fields = requested_fields(collection)
    kept = {
        "per_page": request.args.get("per_page"),
        "fields": None if fields is None else ",".join(fields),
    }
    ways = {"prev": page.previous_number, "next": page.next_number}
    addresses = {
        rel: this_address(page=number, **kept) if number else None for rel, number in ways.items()
    }
    if cursor := page.next_cursor:
        addresses["next"] = this_address(cursor=cursor, **kept)
    made_of = _MadeOf(
        collection, tuple(page.rows), resource, links(), page.total or 0, fields, **addresses
    )
    shown = [name for name in texts if fields is None or name in fields]
    length = sum(len(getattr(row, name)) for row in page.rows for name in shown)
    if rest or length > LONGEST_AT_ONCE:
        response = await _answer_in_pieces(made_of, rest)
    elif keep:
        response = cached_json_response(_text, made_of)
    else:
        response = json_response(_text(made_of))
    for rel, address in addresses.items():
        if address:
            response.headers.add("Link", f'<{address}>; rel="{rel}"')
    return response


class _MadeOf(NamedTuple):
    """All that part of a list is made of."""

    collection: type[Collection]
    rows: tuple[Any, ...]
    resource: Callable[[Any, Links], BaseModel]
    to: Links
    length: int
    fields: tuple[str, ...] | None
    prev: str | None
    next: str | None


def _text(of: _MadeOf) -> str:
    name, _ = of.collection.item()
    items: dict[str, Any] = {name: [of.resource(row, of.to) for row in of.rows]}
    whole = of.collection(prev=of.prev, next=of.next, count=of.length, **items)
    if of.fields is None:
        return whole.model_dump_json()
    included: dict[str, Any] = dict.fromkeys(Collection.model_fields, True)
    return whole.model_dump_json(include=included | {name: {"__all__": set(of.fields)}})


async def _answer_in_pieces(of: _MadeOf, rest: Rest | None) -> Response:
    """The same as by `_text`, of which no more than an item is in memory at a time."""
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
