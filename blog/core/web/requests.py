"""Strict parsing of requests: malformed input is refused here, before it causes a 500 elsewhere."""

import asyncio
import re
from typing import cast
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_to_bytes, urlsplit

from quart import Quart, Request, abort, request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import Authorization, MultiDict
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.routing import BaseConverter
from werkzeug.utils import cached_property

from blog.core.db.pagination import CursorRequest, PageRequest
from blog.core.i18n import gettext as _
from blog.core.web.bodies import StreamedBody, receive_chunks
from blog.core.web.multipart import Upload

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LARGEST_ROW_ID = 2**63 - 1
MAX_FIELDS = 100
URLENCODED = "application/x-www-form-urlencoded"
# How many times a URL may be percent-encoded.
MAX_LAYERS = 4


class StrictFormDataParser(FormDataParser):
    """Refuses a form that is not UTF-8, where Quart would insert U+FFFD.

    Attributes:
        upload: gets the file of a form that is read as a stream.
    """

    upload: Upload | None = None

    async def parse(
        self,
        body: Body,
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[MultiDict[str, str], MultiDict[str, str]]:
        files = MultiDict[str, str]()
        if self.upload is not None and mimetype != URLENCODED:
            fields = await self.upload.fields(mimetype, options or {}, MAX_FIELDS)
        elif self.upload is not None:
            fields = _parse_urlencoded(await self.upload.whole())
        elif mimetype == URLENCODED:
            fields = _parse_urlencoded(await body)
        else:
            fields, files = await super().parse(body, mimetype, content_length, options)
        if any("\0" in value for value in fields.values()):
            raise BadRequest(_("The form contains a NUL character."))
        return fields, files


def _parse_urlencoded(body: bytes) -> MultiDict[str, str]:
    try:
        return MultiDict(
            parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )
        )
    except ValueError as error:
        raise BadRequest(_("The form isn't valid UTF-8, or has too many fields.")) from error


class StrictRequest(Request):
    """A request.

    Attributes:
        upload: its body, if that is read as a stream.
    """

    form_data_parser_class = StrictFormDataParser
    upload: Upload | None = None

    @cached_property
    def may_be_upload(self) -> bool:
        """Whether the route has to be known before the body is received."""
        return self.method in METHODS - SAFE_METHODS

    @cached_property
    def is_routed(self) -> asyncio.Event:
        """Set when the route is known, or there is none."""
        return asyncio.Event()

    def expect_upload(self, largest: int) -> None:
        """Read the body as a stream of at most `largest` bytes."""
        self.body = StreamedBody()
        self.upload = Upload(receive_chunks(self, largest))

    def make_form_data_parser(self) -> FormDataParser:
        parser = cast(StrictFormDataParser, super().make_form_data_parser())
        parser.upload = self.upload
        return parser

    @cached_property
    def is_for_api(self) -> bool:
        """Whether the request is for the JSON API, whose clients send credentials and no
        cookies."""
        return f"{self.path}/".startswith("/api/")

    @cached_property
    def only_reads(self) -> bool:
        """Whether the request needs no transaction: it writes nothing, or by single statements.

        Links in mails, all below `/auth/`, write on GET. So do API requests with a password, whose
        failures are counted.
        """
        if self.method not in SAFE_METHODS or self.path.startswith("/auth/"):
            return False
        if not self.is_for_api:
            return True
        given = self.authorization
        # A token may be sent as the username, with an empty password.
        return given is None or given.type != "basic" or not given.password

    @cached_property
    def authorization(self) -> Authorization | None:
        """The credentials; `None` if they are not ASCII, which makes werkzeug fail."""
        try:
            return super().authorization
        except ValueError:
            return None


class RowIdConverter(BaseConverter):
    """`<id:…>` in a route: the id of a row, a positive bigint."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        return _row_id(value)


class PersonConverter(BaseConverter):
    """`<person:…>` in a route: a user's id, or the username, which starts with a letter."""

    regex = f"(?:{RowIdConverter.regex}|[A-Za-z][A-Za-z0-9._]{{0,63}})"

    def to_python(self, value: str) -> int | str:
        return _row_id(value) if value.isdecimal() else value


def _row_id(value: str) -> int:
    """Parse an id.

    A `ValidationError` would make werkzeug try the routes of other methods, and respond with 405
    instead of 404.
    """
    if (number := int(value)) > LARGEST_ROW_ID:
        raise NotFound
    return number


async def refuse_malformed_address() -> None:
    """Answer 400 for a URL with a NUL, or with bytes that are not UTF-8."""
    raw = (request.scope.get("raw_path") or b"") + b"?" + request.query_string
    if b"%" not in raw and raw.isascii() and b"\0" not in raw:
        return
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        abort(400, _("The address isn't valid UTF-8."))
    if "\0" in text:
        abort(400, _("The address contains a NUL character."))


async def receive_body() -> None:
    """Receive the body of an unsafe request before any resource is acquired.

    CONNECT has no body, and need not signal its end. An upload is read by its view.

    Raises:
        RequestTimeout: it has not arrived within `BODY_SECONDS`.
        RequestEntityTooLarge: it is longer than `LARGEST_BODY`.
    """
    sent = cast(StrictRequest, request)
    if sent.may_be_upload and sent.upload is None:
        await sent.get_data()


def request_for_logs() -> tuple[str, str]:
    """The method and the route of the request, for logs and metric labels.

    Not the URL, which may contain a token; and no unknown method, because any string may be sent.
    """
    method = request.method if request.method in METHODS else "other"
    return method, request.url_rule.rule if request.url_rule else "unknown"


def only_reads() -> bool:
    """Whether the current request needs no transaction (`StrictRequest.only_reads`)."""
    return cast(StrictRequest, request).only_reads


def is_for_api() -> bool:
    """Whether the request is for the JSON API, whose clients carry credentials and no cookies."""
    return cast(StrictRequest, request).is_for_api


def requested_page(size: int, *, count: int | None = None) -> PageRequest | CursorRequest:
    """The page of a list that `?page=` or `?before=` selects; by default the first one.

    Args:
        size: how many rows a page has.
        count: the length of the list, if known: then `-1` selects the last page.

    Raises:
        werkzeug.exceptions.NotFound: it is not a number from 1 to 9,999,999,999.
    """
    if cursor := request.args.get("before"):
        return CursorRequest(size, cursor)
    text = request.args.get("page", "1")
    if text == "-1" and count is not None:
        return PageRequest.holding(count, size)
    if not re.fullmatch("[1-9][0-9]{0,9}", text, re.ASCII):
        abort(404, _("This page doesn't exist."))
    return PageRequest(int(text), size)


def requested_cursor(size: int) -> CursorRequest:
    """The page that `?before=` selects, in a list without page numbers."""
    return CursorRequest(size, request.args.get("before", ""))


def referring_url() -> SplitResult:
    """The parts of the header `Referer`; empty ones if there is none, or it is no URL."""
    try:
        return urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # Such as "http://[".
        return urlsplit("")


def local_address(target: str | None) -> str | None:
    """`target` if it is a URL within this site, such as `/user/susan?page=2`, else `None`.

    Browsers resolve `//host`, `/\\host` and anything with a scheme to another site, and strip
    control characters and spaces first (WHATWG URL Standard, "basic URL parser"). Percent-encoded
    forms are refused as well, because an intermediary might decode them; no URL of this site
    contains them.
    """
    if not target or " " in target:
        return None
    layer = target
    for _layer in range(MAX_LAYERS):
        path = layer.partition("?")[0]
        if not path.startswith("/") or "//" in path or "\\" in path or not layer.isprintable():
            return None
        if (decoded := unquote(layer)) == layer:
            return target
        layer = decoded
    return None


def init_app(app: Quart) -> None:
    """Let `app` parse requests this way."""
    app.request_class = StrictRequest
    app.url_map.converters["id"] = RowIdConverter
    app.url_map.converters["person"] = PersonConverter
    app.before_request(refuse_malformed_address)
    app.before_request(receive_body)
