"""Reading what a client sent: strictly, since what is malformed here would be a 500 deeper down."""

import re
from urllib.parse import parse_qsl, unquote_to_bytes

from quart import Quart, Request, abort, request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BaseConverter, ValidationError

from blog.kit.pagination import PageRequest

LARGEST_BODY = 1024 * 1024
LARGEST_ROW_ID = 2**63 - 1
MAX_FIELDS = 100


class StrictFormDataParser(FormDataParser):
    """Refuses a form that is not UTF-8, where Quart's own would put U+FFFD in its place."""

    async def parse(
        self,
        body: Body,
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[MultiDict[str, str], MultiDict[str, str]]:
        if mimetype == "application/x-www-form-urlencoded":
            fields, files = _parse_urlencoded(await body), MultiDict[str, str]()
        else:
            fields, files = await super().parse(body, mimetype, content_length, options)
        if any("\0" in value for value in fields.values()):
            raise BadRequest("The form contains a NUL character.")
        return fields, files


def _parse_urlencoded(body: bytes) -> MultiDict[str, str]:
    try:
        return MultiDict(
            parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )
        )
    except ValueError as error:
        raise BadRequest("The form is not valid UTF-8, or has too many fields.") from error


class StrictRequest(Request):
    form_data_parser_class = StrictFormDataParser


class RowIdConverter(BaseConverter):
    """`<id:…>` in a route: the id of a row, a positive number that PostgreSQL's bigint can hold."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        if (number := int(value)) > LARGEST_ROW_ID:
            raise ValidationError
        return number


async def refuse_malformed_address() -> None:
    """Answer 400 for an address with a NUL, or with bytes that are not UTF-8."""
    raw = (request.scope.get("raw_path") or b"") + b"?" + request.query_string
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        abort(400, "The address is not valid UTF-8.")
    if "\0" in text:
        abort(400, "The address contains a NUL character.")


def requested_page(size: int) -> PageRequest:
    """Which page of a list `?page=` asks for; the first one without it.

    Raises:
        werkzeug.exceptions.NotFound: it is not a number from 1 to 9,999,999,999.
    """
    text = request.args.get("page", "1")
    if not re.fullmatch("[1-9][0-9]{0,9}", text, re.ASCII):
        abort(404, "There is no such page.")
    return PageRequest(int(text), size)


def local_address(target: str | None) -> str | None:
    """`target` if it is an address within this site, such as `/user/susan?page=2`, else `None`.

    Browsers read `//host`, `/\\host` and anything with a scheme as another site, and drop
    control characters and spaces before they look (WHATWG URL Standard, "basic URL parser").
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(character) <= 32 or ord(character) == 127 for character in target):
        return None
    return target


def init_app(app: Quart) -> None:
    """Let `app` read requests this way."""
    app.request_class = StrictRequest
    app.url_map.converters["id"] = RowIdConverter
    app.before_request(refuse_malformed_address)
