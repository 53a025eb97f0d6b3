"""Markdown files with front matter: written so that they read back exactly, and read with care."""

import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import yaml

from blog.transfer.front_matter import (
    LARGEST_FRONT_MATTER,
    Document,
    FrontMatterError,
    read_document,
    write_document,
)

ODD_TITLES = [
    "Yes", "no", "on", "True", "null", "~", "1e3", "1_000", "0o17", "017", "0x1F", "12:30", ".5",
    "2020-01-01", "2020-01-01 10:00:00", ".inf", ".NaN", "=", "<<", "---", "...", ": #", "a: b",
    "a #b", "- a", "? a", "[a]", "{a}", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "'", '"',
    "", " ", " a ", "\\n", "two\nlines", "a\n---\nb", "a\n", "\na", "a\r\nb", "a\rb", "a\tb",
    "a\x85b", "a\u2028b\u2029c", "\u200bа\u0301", "真，真", "שלום", "👩‍👩‍👧", "\ufeffa", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("title", ODD_TITLES)
def test_a_text_is_read_as_it_was_written(title: str) -> None:
    fields = {"title": title, "tags": [title, title]}
    content = write_document(fields, "Body")
    assert read_document(content) == Document(fields, "Body")
    # Others read YAML 1.1.
    front_matter = content.decode().split("---\n", 1)[1].rpartition("\n---\n")[0]
    assert yaml.safe_load(front_matter) == fields


def test_every_character_is_read_as_it_was_written() -> None:
    for first in range(0, 0x11000, 512):
        characters = map(chr, range(first, first + 512))
        texts = [c for c in characters if not "\ud800" <= c <= "\udfff"]
        fields = {"each": texts, "all": "".join(texts)}
        assert read_document(write_document(fields, "")).fields == fields


@pytest.mark.parametrize(
    "body", ["", "\n", "\n\na", "a", "a\n", "---\na\n---\n", "+++\n", "  \n a", "a\r\nb\r\n", "{}"]
)
def test_a_body_is_read_as_it_was_written(body: str) -> None:
    assert read_document(write_document({"id": 1}, body)) == Document({"id": 1}, body)
    assert read_document(write_document({}, body)).body == body


def test_other_values_are_read_as_they_were_written_and_times_as_texts() -> None:
    moment = datetime(2026, 11, 26, 9, 5, 0, 120, tzinfo=UTC)
    fields = {"id": 5, "open": True, "ratio": 0.5, "tags": ["a"], "nested": {"a": [None]}}
    content = write_document({**fields, "none": None, "at": moment, "wall": moment}, "")
    assert b"at: 2026-11-26T09:05:00.000120+00:00\n" in content
    read = read_document(content).fields
    assert datetime.fromisoformat(read.pop("at")) == datetime.fromisoformat(read.pop("wall"))
    assert read == fields


@pytest.mark.parametrize(
    "content",
    [
        '---\ntitle: Yes\ndate: 2020-01-01\ntags: ["a", b]\ndraft: true\nweight: 007\n---\nBody',
        '\ufeff---  \r\ntitle: "Yes"\r\ndate: 2020-01-01\r\ntags:\r\n- a\r\n- b\r\n'
        "draft: True\r\nweight: 7\r\n---\r\n\r\nBody",
        "---\ntitle: 'Yes'\ndate: 2020-01-01\ntags: [a, b]\ndraft: true\nweight: 7\n...\nBody",
        '+++\ntitle = "Yes"\ndate = 2020-01-01\ntags = ["a", "b"]\ndraft = true\nweight = 7\n'
        "+++\n\nBody",
        '+++\r\ntitle = "Yes"\r\ndate = 2020-01-01\r\ntags = ["a", "b"]\r\ndraft = true\r\n'
        "weight = 7\r\n+++\r\nBody",
        '{"title": "Yes", "date": "2020-01-01", "tags": ["a", "b"], "draft": true,\n"weight": 7}\n'
        "\nBody",
    ],
)
def test_yaml_toml_and_json_are_read_alike(content: str) -> None:
    fields = {"title": "Yes", "date": "2020-01-01", "tags": ["a", "b"], "draft": True, "weight": 7}
    assert read_document(content.encode()) == Document(fields, "Body")


@pytest.mark.parametrize(
    "content", ["", "Just a text", "--- a\n", "----\na\n---\n", "a\n---\nb: c\n---\n", "{% raw %}"]
)
def test_a_file_without_front_matter_is_all_text(content: str) -> None:
    assert read_document(content.encode()) == Document({}, content)


@pytest.mark.parametrize("empty", ["---\n---\n", "---\n# nothing\n---\n", "+++\n+++\n", "{}\n"])
def test_front_matter_may_be_empty(empty: str) -> None:
    assert read_document(f"{empty}Body".encode()) == Document({}, "Body")


BOMB = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(30))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"---\n{BOMB}---\n", "anchors or aliases"),
        ("---\na: &x 1\n---\n", "anchors or aliases"),
        ("---\na: *x\n---\n", "anchors or aliases"),
        ("---\na: !!python/object/apply:os.system [ls]\n---\n", "tags such as"),
        ("---\na: !!timestamp x\n---\n", "tags such as"),
        ("---\na: b: c\n---\n", "valid YAML: see line 2"),
        ("---\na: 1\nb: 'c\n---\n", "valid YAML: see line"),
        ("---\na: \0\n---\n", "valid YAML"),
        (f"---\na: {'9' * 5000}\n---\n", "valid YAML"),
        ("---\n? [a]\n: b\n---\n", "valid YAML"),
        (f"---\na: {'[' * 50_000}\n---\n", "valid YAML"),
        (f"---\n{'- ' * 25_000}\n---\n", "valid YAML"),
        ("---\na\n---\n", "no fields"),
        ("---\n- a\n---\n", "no fields"),
        ("---\na: 1\n", "closed: there.s no line with only ---"),
        ("+++\na = 1\n---\n", r"closed: there.s no line with only \+\+\+"),
        ("+++\na = \n+++\n", "valid TOML: see line 2"),
        (f"+++\na = {'[' * 50_000}\n+++\n", "nested too deeply|valid TOML"),
        (f"+++\n{'a.' * 32_000}a = 1\n+++\n", "a key with more than 32 dots"),
        (f"+++\n[{'a . ' * 16_000}a]\n+++\n", "a key with more than 32 dots"),
        (f"+++\na = {{{'a.' * 32_000}a = 1}}\n+++\n", "a key with more than 32 dots"),
        (f"+++\na = [{{b = 1, {'a.' * 32_000}a = 1}}]\n+++\n", "a key with more than 32 dots"),
        ('{"a": }\n', "valid JSON: see line 1"),
        ('{"a": ' + "[" * 50_000, "nested too deeply|valid JSON"),
        (f'{{"a": {"9" * 5000}}}', "valid JSON"),
        (f"---\na: {'x' * LARGEST_FRONT_MATTER}\n---\n", "larger than 64 kB"),
        (f'{{"a": "{"x" * LARGEST_FRONT_MATTER}"}}', "larger than 64 kB"),
        ("---\n" + "a: 1\n" * 2_000_000 + "---\n", "larger than 64 kB"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once_in_words(content: str, words: str) -> None:
    begin = time.process_time()
    with pytest.raises(FrontMatterError, match=words):
        read_document(content.encode())
    assert time.process_time() - begin < 2


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(FrontMatterError, match="UTF-8 text"):
        read_document(b"---\ntitle: B\xfccher\n---\n")


@pytest.mark.parametrize("front_matter", ["a.", "a = [1,", "[a.", "a: ", "{a: ", "'", "- [", "#"])
def test_the_largest_front_matter_is_read_quickly(front_matter: str) -> None:
    filling = front_matter * (LARGEST_FRONT_MATTER // len(front_matter) - 1)
    for fence in ("---", "+++"):
        begin = time.process_time()
        with suppress(FrontMatterError):
            read_document(f"{fence}\n{filling}x\n{fence}\n".encode())
        assert time.process_time() - begin < 2, fence
