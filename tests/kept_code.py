"""What every application would make anew: kept for all that a process makes.

Of each route werkzeug generates two functions, and Jinja one of each template. So `create_app`
takes a quarter of a second, and the first look at a page as long; the translations take a second.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import jinja2
from werkzeug.routing import Rule

from blog import create_app
from blog.core.i18n import LANGUAGES, catalogs
from blog.core.web.environment import Environment
from settings import Settings


def keep_generated_code() -> None:
    """Keep from now on what is generated for a route or a template, by all that it depends on."""

    def key_of_builder(rule: Rule, append_unknown: bool = True) -> tuple[Any, ...]:
        return rule.rule, append_unknown, *rule._trace, repr(rule.defaults)

    def key_of_template(_: Environment, source: str, *names: Any, **options: Any) -> Any:
        return source, *names, *options.items()

    Rule._compile_builder = _kept(Rule._compile_builder, key_of_builder)  # type: ignore[method-assign]
    Environment.compile = _kept(jinja2.Environment.compile, key_of_template)  # type: ignore[method-assign]


def _kept(generate: Callable[..., Any], key_of: Callable[..., tuple[Any, ...]]) -> Any:
    kept: dict[tuple[Any, ...], Any] = {}

    @wraps(generate)
    def generate_once(*arguments: Any, **options: Any) -> Any:
        key = key_of(*arguments, **options)
        if key not in kept:
            kept[key] = generate(*arguments, **options)
        return kept[key]

    return generate_once


def make_what_is_kept() -> None:
    """Make it for all applications of the processes that are forked from this one."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        env="development",
        secret_key="the tests' own key, which signs nothing of value",
        database_url="postgresql://localhost/nothing",
        var_dir=Path("nothing"),
    )
    environment = create_app(settings).jinja_env
    for name in environment.list_templates():
        environment.get_template(name)
    for language in LANGUAGES:
        catalogs.load(language)
