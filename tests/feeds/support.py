"""What tests of feeds act with."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import feedparser
import jsonschema_rs
import pytest

HERE = Path(__file__).parent
ATOM = "{http://www.w3.org/2005/Atom}"
JSON_FEED = jsonschema_rs.validator_for(
    json.loads((HERE / "json_feed.schema.json").read_text()), validate_formats=True
)


def valid_atom(document: bytes) -> Element:
    """The root of an Atom feed that xmllint and feedparser accept."""
    if shutil.which("xmllint") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("this test needs xmllint: apt install libxml2-utils")
    checked = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--relaxng", str(HERE / "atom.rng"), "-"],
        input=document, capture_output=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr.decode()
    parsed = feedparser.parse(document)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    root = ElementTree.fromstring(document)
    # What its Schematron rules ask for.
    assert root.find(f"{ATOM}author") is not None or all(
        entry.find(f"{ATOM}author") is not None for entry in root.iter(f"{ATOM}entry")
    )
    for entry in root.iter(f"{ATOM}entry"):
        assert entry.find(f"{ATOM}link[@rel='alternate']") is not None
    ids = [element.text for element in root.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids))
    return root


def valid_json_feed(document: bytes) -> dict[str, Any]:
    """A JSON Feed that is as its schema says."""
    feed: dict[str, Any] = json.loads(document)
    problems = [error.message for error in JSON_FEED.iter_errors(feed)]
    assert problems == []
    return feed
