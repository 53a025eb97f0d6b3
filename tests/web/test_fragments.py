"""Pieces of pages that are cached in memory."""

from jinja2 import Environment
from jinja2.runtime import Macro

from blog.core.web.fragments import FragmentCache

SOURCE = "{% macro shout(text, times=1) %}{{ count() }}: {{ text * times }}{% endmacro %}"


def macro_and_calls() -> tuple[Macro, list[str]]:
    """A macro, and the list that grows with each time it is rendered."""
    calls: list[str] = []
    environment = Environment(autoescape=True)
    environment.globals["count"] = lambda: calls.append("") or len(calls)
    module = environment.from_string(SOURCE).make_module()
    return module.shout, calls


def test_the_same_arguments_are_rendered_once() -> None:
    shout, calls = macro_and_calls()
    fragments = FragmentCache()
    assert fragments.cached(shout, "a<") == fragments.cached(shout, "a<") == "1: a&lt;"
    assert fragments.cached(shout, "a<", times=2) == "2: a&lt;a&lt;"
    assert fragments.cached(shout, "b") == "3: b"
    assert len(calls) == 3


def test_the_memory_of_the_cache_is_bounded() -> None:
    shout, calls = macro_and_calls()
    fragments = FragmentCache(most_bytes=300_000)
    for number in range(1_000):
        fragments.cached(shout, ("x" * 1000 + str(number)))
        assert fragments.bytes <= 300_000
        fragments.cached(shout, "often asked for")
    assert len(calls) == 1_001, "what is asked for often stays"


def test_large_fragments_are_not_cached() -> None:
    shout, calls = macro_and_calls()
    fragments = FragmentCache(most_bytes=1_000_000)
    fragments.cached(shout, "short")
    cached = fragments.bytes
    for _ in range(2):
        assert "xxx" in fragments.cached(shout, "x" * 20_000)
    assert (len(calls), fragments.bytes) == (3, cached)
