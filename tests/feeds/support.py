"""What tests of feeds act with."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import feedparser
import jsonschema_rs

from tests.xmllint import xmllint

HERE = Path(__file__).parent
ATOM = "{http://www.w3.org/2005/Atom}"
JSON_FEED = jsonschema_rs.validator_for(
    json.loads((HERE / "json_feed.schema.json").read_text()), validate_formats=True
)


def valid_atom(document: bytes) -> Element:
    """The root of an Atom feed that xmllint and feedparser accept."""
    xmllint(document, "--relaxng", HERE / "atom.rng")
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
