"""Markdown files with front matter: YAML between `---`, TOML between `+++`, or a JSON object.

These are the formats of Hugo (https://gohugo.io/content-management/front-matter/); Jekyll and Bear
Blog have the first. The values are those of JSON: texts, numbers, booleans, null, lists, mappings.
Times are texts. YAML is read by its core schema (YAML 1.2.2, 10.3), where `Yes` is a text.
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
# Of a dotted key in TOML: the time that tomllib takes grows with their square.
MOST_KEY_PARTS = 32

TOO_LARGE = lazy_gettext(
    "The front matter is larger than %(size)s kB.", size=LARGEST_FRONT_MATTER // 1024
)
NOT_TEXT = lazy_gettext("This file isn't UTF-8 text.")
ENDLESS = lazy_gettext(
    "The front matter isn't closed: there's no line with only %(fence)s after it."
)
NO_FIELDS = lazy_gettext("The front matter has no fields, such as a title.")
TOO_DEEP = lazy_gettext("The front matter is nested too deeply.")
REFERS = lazy_gettext("The front matter has anchors or aliases, which aren't supported.")
TAGGED = lazy_gettext("The front matter has tags such as !!binary, which aren't supported.")
# Where the mistake is, because what the parsers say about it is in English.
NOT_YAML = lazy_gettext("The front matter isn't valid YAML.")
WRONG_YAML = lazy_gettext("The front matter isn't valid YAML: see line %(line)s.")
NOT_TOML = lazy_gettext("The front matter isn't valid TOML.")
WRONG_TOML = lazy_gettext("The front matter isn't valid TOML: see line %(line)s.")
NOT_JSON = lazy_gettext("The front matter isn't valid JSON.")
WRONG_JSON = lazy_gettext("The front matter isn't valid JSON: see line %(line)s.")

_OPENING = re.compile(r"(---|\+\+\+)[ \t]*\r?\n")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
}
# From where a key of TOML may begin up to its end.
_LONG_KEY = re.compile(rf"(?:^|[{{,])(?:[^.=#{{,\n]*\.){{{MOST_KEY_PARTS + 1}}}", re.MULTILINE)
# In what tomllib says; not at the end of the text.
_LINE_OF_TOML = re.compile(r"\(at line ([0-9]+), column [0-9]+\)\Z")
# A Markdown file may begin with another brace, as of a template.
_JSON = re.compile(r'\{\s*["}]')
_EMPTY_LINE = re.compile(r"[ \t]*\r?\n")


class FrontMatterError(ValueError):
    """The front matter cannot be read; the message is for the person whose file it is."""


class Document(NamedTuple):
    """A Markdown file: the fields of its front matter, and the text below."""

    fields: dict[str, Any]
    body: str


def read_document(content: bytes) -> Document:
    """Read a Markdown file. Without front matter it is all text.

    An empty line below the front matter is no part of the text.

    Raises:
        FrontMatterError: the front matter is invalid, has anchors, aliases or tags, or is larger
            than `LARGEST_FRONT_MATTER`, or the file is not UTF-8.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FrontMatterError(NOT_TEXT) from None
    if _JSON.match(text):
        fields, end = _json(text)
        line_end = _EMPTY_LINE.match(text, end)
        return Document(fields, _without_empty_line(text, line_end.end() if line_end else end))
    if (opening := _OPENING.match(text)) is None:
        return Document({}, text)
    fence, start = opening[1], opening.end()
    if (closing := _CLOSING[fence].search(text, start)) is None:
        raise FrontMatterError(ENDLESS.with_values(fence=fence))
    if closing.start() - start > LARGEST_FRONT_MATTER:
        raise FrontMatterError(TOO_LARGE)
    parse = _yaml if fence == "---" else _toml
    fields = parse(text[start : closing.start()])
    return Document(fields, _without_empty_line(text, closing.end()))


def write_document(fields: Mapping[str, Any], body: str) -> bytes:
    """A Markdown file with YAML front matter, which `read_document` reads as the same.

    Args:
        fields: texts, numbers, booleans, times, and lists and mappings of these. Those that are
            `None` are left out.
        body: the text.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    front_matter = yaml.dump(
        given, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return f"---\n{front_matter}---\n\n{body}".encode()


def _without_empty_line(text: str, start: int) -> str:
    empty = _EMPTY_LINE.match(text, start)
    return text[empty.end() if empty else start :]


def _yaml(text: str) -> dict[str, Any]:
    try:
        # Nothing is constructed before all of it is known to be harmless.
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise FrontMatterError(REFERS)
            if getattr(event, "tag", None) is not None:
                raise FrontMatterError(TAGGED)
        # A subclass of the safe loader.
        fields = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        if (mark := error.problem_mark or error.context_mark) is None:
            raise FrontMatterError(NOT_YAML) from None
        # The line above is the fence.
        raise FrontMatterError(WRONG_YAML.with_values(line=mark.line + 2)) from None
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, FrontMatterError):
            raise
        raise FrontMatterError(NOT_YAML) from None
    return _checked({} if fields is None else fields)


def _toml(text: str) -> dict[str, Any]:
    if _LONG_KEY.search(text):
        raise FrontMatterError(
            ngettext(
                "The front matter has a key with more than %(num)s dot.",
                "The front matter has a key with more than %(num)s dots.", MOST_KEY_PARTS,
            )
        )  # fmt: skip
    try:
        fields = tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError:
        raise FrontMatterError(TOO_DEEP) from None
    except ValueError as error:
        if (line := _LINE_OF_TOML.search(str(error))) is None:
            raise FrontMatterError(NOT_TOML) from None
        raise FrontMatterError(WRONG_TOML.with_values(line=int(line[1]) + 1)) from None
    return _checked(_without_times(fields))


def _without_times(value: Any) -> Any:
    """A value of TOML, with texts for its times."""
    if isinstance(value, dict):
        return {key: _without_times(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_times(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value


def _json(text: str) -> tuple[dict[str, Any], int]:
    """The fields, and where they end."""
    try:
        fields, end = json.JSONDecoder().raw_decode(text[:LARGEST_FRONT_MATTER])
    except RecursionError:
        raise FrontMatterError(TOO_DEEP) from None
    except ValueError as error:
        if len(text) > LARGEST_FRONT_MATTER:
            raise FrontMatterError(TOO_LARGE) from None
        if not isinstance(error, json.JSONDecodeError):
            raise FrontMatterError(NOT_JSON) from None
        raise FrontMatterError(WRONG_JSON.with_values(line=error.lineno)) from None
    return _checked(fields), end


def _checked(fields: Any) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise FrontMatterError(NO_FIELDS)
    return {str(name): value for name, value in fields.items()}


_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NUMBER_STARTS = list("-+.0123456789")


class _Loader(yaml.CSafeLoader):
    """Reads the core schema. libyaml refuses what is nested more than a thousand deep."""

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
    """Quotes what readers of YAML 1.1 or 1.2 would take for something else than a text.

    Not libyaml's, which escapes emoji.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if text.splitlines() == [text] else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _time(dumper: _Dumper, moment: datetime) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", moment.isoformat())


_Dumper.add_representer(str, _text)
_Dumper.add_representer(datetime, _time)
# Numbers of YAML 1.2 that are none in YAML 1.1, such as 1e3 and 0o17.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, _NUMBER_STARTS)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("0o[0-7]+\\Z"), ["0"])
