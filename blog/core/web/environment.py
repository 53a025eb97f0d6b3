"""The Jinja environment: synchronous templates."""

from typing import Any

import jinja2
import quart.templating
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from quart import Quart


class Template(jinja2.Template):
    """A template that is rendered synchronously; views load everything beforehand.

    In asynchronous mode Jinja makes each block a generator and checks each value for awaitables,
    which doubles the time.
    """

    async def render_async(self, *arguments: Any, **values: Any) -> str:
        """Render the template; Quart calls this name."""
        return self.render(*arguments, **values)

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        """The module that importing templates get, shared by all of them.

        Jinja would look through all globals for those that only the importing template has, at
        each import; no template here has any.
        """
        return super()._get_default_module()


class Environment(quart.templating.Environment):
    """Quart's environment, for such templates."""

    template_class = Template

    def __init__(self, app: Quart, **options: Any) -> None:
        super().__init__(app, **options)
        self.is_async = False
