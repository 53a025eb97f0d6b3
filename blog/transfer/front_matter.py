"""Markdown files with front matter: YAML between `---`, TOML between `+++`, or a JSON object.

Hugo has all three formats (https://gohugo.io/content-management/front-matter/); Jekyll and Bear
Blog have only the first. Values are those of JSON: strings, numbers, booleans, null, lists and
mappings. Times are strings. YAML follows the core schema (YAML 1.2.2, 10.3), where `Yes` is a
string.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

import yaml

from blog.core.i18n import lazy_gettext, ngettext

# In characters.
LARGEST_FRONT_MATTER = 64 * 1024
# In a dotted TOML key. The time that tomllib takes is quadratic in their number.
MOST_KEY_DOTS = 32

TOO_LARGE = lazy_gettext(
    "The front matter is larger than %(size)s kB.", size=LARGEST_FRONT_MATTER // 1024
)
NOT_TEXT = lazy_gettext("This file isn't UTF-8 text.")
UNCLOSED = lazy_gettext(
    "The front matter isn't closed: there's no line with only %(fence)s after it."
)
NO_FIELDS = lazy_gettext("The front matter has no fields, such as a title.")
TOO_DEEP = lazy_gettext("The front matter is nested too deeply.")
HAS_ALIASES = lazy_gettext("The front matter has anchors or aliases, which aren't supported.")
HAS_TAGS = lazy_gettext("The front matter has tags such as !!binary, which aren't supported.")
# Only the line of the mistake: the parsers' own messages aren't translated.
INVALID_YAML = lazy_gettext("The front matter isn't valid YAML.")
INVALID_YAML_LINE = lazy_gettext("The front matter isn't valid YAML: see line %(line)s.")
INVALID_TOML = lazy_gettext("The front matter isn't valid TOML.")
INVALID_TOML_LINE = lazy_gettext("The front matter isn't valid TOML: see line %(line)s.")
INVALID_JSON = lazy_gettext("The front matter isn't valid JSON.")
INVALID_JSON_LINE = lazy_gettext("The front matter isn't valid JSON: see line %(line)s.")

_OPENING = re.compile(r"(---|\+\+\+)[ \t]*\r?\n")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
}
# From where a TOML key may start to its end.
_LONG_KEY = re.compile(rf"(?:^|[{{,])(?:[^.=#{{,\n]*\.){{{MOST_KEY_DOTS + 1}}}", re.MULTILINE)
# In an error message of tomllib; it has no line if the mistake is at the end.
_TOML_ERROR_LINE = re.compile(r"\(at line ([0-9]+), column [0-9]+\)\Z")
# A Markdown file may start with another brace, such as a template's.
_JSON = re.compile(r'\{\s*["}]')
_EMPTY_LINE = re.compile(r"[ \t]*\r?\n")


class FrontMatterError(ValueError):
    """The front matter cannot be read; the message is for the file's owner."""


class Document(NamedTuple):
    """A Markdown file: the fields of its front matter, and the text below it."""

    fields: dict[str, Any]
    body: str


def read_document(content: bytes) -> Document:
    """Parse a Markdown file. Without front matter, all of it is text.

    An empty line below the front matter is not part of the text.

    Raises:
        FrontMatterError: the front matter is invalid, has anchors, aliases or tags, or is larger
            than `LARGEST_FRONT_MATTER`, or the file is not UTF-8.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FrontMatterError(NOT_TEXT) from None
    if _JSON.match(text):
        fields, end = _parse_json(text)
        line_end = _EMPTY_LINE.match(text, end)
        return Document(fields, _without_empty_line(text, line_end.end() if line_end else end))
    if (opening := _OPENING.match(text)) is None:
        return Document({}, text)
    fence, start = opening[1], opening.end()
    if (closing := _CLOSING[fence].search(text, start)) is None:
        raise FrontMatterError(UNCLOSED.with_values(fence=fence))
    if closing.start() - start > LARGEST_FRONT_MATTER:
        raise FrontMatterError(TOO_LARGE)
    parse = _parse_yaml if fence == "---" else _parse_toml
    fields = parse(text[start : closing.start()])
    return Document(fields, _without_empty_line(text, closing.end()))


def write_document(fields: Mapping[str, Any], body: str) -> bytes:
    """Format a Markdown file with YAML front matter, so that `read_document` returns the same.

    Args:
        fields: strings, numbers, booleans, times, and lists and mappings of these. Fields that
            are `None` are left out.
        body: the text.
    """
    present = {name: value for name, value in fields.items() if value is not None}
    front_matter = yaml.dump(
        present, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return f"---\n{front_matter}---\n\n{body}".encode()


def _without_empty_line(text: str, start: int) -> str:
    empty = _EMPTY_LINE.match(text, start)
    return text[empty.end() if empty else start :]


def _parse_yaml(text: str) -> dict[str, Any]:
    try:
        # Construct nothing before all of it is known to be harmless.
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise FrontMatterError(HAS_ALIASES)
            if getattr(event, "tag", None) is not None:
                raise FrontMatterError(HAS_TAGS)
        # A subclass of the safe loader.
        fields = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        if (mark := error.problem_mark or error.context_mark) is None:
            raise FrontMatterError(INVALID_YAML) from None
        # The line above is the fence.
        raise FrontMatterError(INVALID_YAML_LINE.with_values(line=mark.line + 2)) from None
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, FrontMatterError):
            raise
        raise FrontMatterError(INVALID_YAML) from None
    return _require_mapping({} if fields is None else fields)


def _parse_toml(text: str) -> dict[str, Any]:
    if _LONG_KEY.search(text):
        raise FrontMatterError(
            ngettext(
                "The front matter has a key with more than %(num)s dot.",
                "The front matter has a key with more than %(num)s dots.", MOST_KEY_DOTS,
            )
        )  # fmt: skip
    try:
        fields = tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError:
        raise FrontMatterError(TOO_DEEP) from None
    except ValueError as error:
        if (line := _TOML_ERROR_LINE.search(str(error))) is None:
            raise FrontMatterError(INVALID_TOML) from None
        raise FrontMatterError(INVALID_TOML_LINE.with_values(line=int(line[1]) + 1)) from None
    return _require_mapping(_times_to_text(fields))


def _times_to_text(value: Any) -> Any:
    """Replace the times in a TOML value by strings."""
    if isinstance(value, dict):
        return {key: _times_to_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_times_to_text(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value


def _parse_json(text: str) -> tuple[dict[str, Any], int]:
    """Parse the JSON object at the start of a text.

    Returns:
        The fields, and the position at which the object ends.
    """
    try:
        fields, end = json.JSONDecoder().raw_decode(text[:LARGEST_FRONT_MATTER])
    except RecursionError:
        raise FrontMatterError(TOO_DEEP) from None
    except ValueError as error:
        if len(text) > LARGEST_FRONT_MATTER:
            raise FrontMatterError(TOO_LARGE) from None
        if not isinstance(error, json.JSONDecodeError):
            raise FrontMatterError(INVALID_JSON) from None
        raise FrontMatterError(INVALID_JSON_LINE.with_values(line=error.lineno)) from None
    return _require_mapping(fields), end


def _require_mapping(fields: Any) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise FrontMatterError(NO_FIELDS)
    return {str(name): value for name, value in fields.items()}


_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NUMBER_STARTS = list("-+.0123456789")


class _Loader(yaml.CSafeLoader):
    """Reads the core schema. libyaml refuses nesting deeper than a thousand levels."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (as PyYAML has it)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("(?:true|True|TRUE|false|False|FALSE)\\Z"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile("(?:~|null|Null|NULL|)\\Z"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile("[-+]?[0-9]+\\Z"), list("-+0123456789")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, _NUMBER_STARTS)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))


class _Dumper(yaml.SafeDumper):
    """Quotes strings that a YAML 1.1 or 1.2 parser would take for something else.

    Not based on libyaml's dumper, which escapes emoji.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if text.splitlines() == [text] else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_time(dumper: _Dumper, moment: datetime) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", moment.isoformat())


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(datetime, _represent_time)
# Numbers in YAML 1.2 that are strings in YAML 1.1, such as 1e3 and 0o17.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, _NUMBER_STARTS)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("0o[0-7]+\\Z"), ["0"])
