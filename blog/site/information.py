"""The administrators' pages about the site: `/about`, `/rules`, `/privacy` and `/contact`."""

from typing import NamedTuple

from markupsafe import Markup
from quart import render_template
from quart.typing import ResponseReturnValue

from blog.core.errors import NotFoundError
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.site_settings.rules import parse_rules
from blog.core.text.markdown import render_document
from blog.core.web.app import current_app
from blog.site.blueprint import blueprint

# In the order of the links at the bottom of each page.
PAGES = {
    "about": lazy_gettext("About"),
    "rules": lazy_gettext("Rules"),
    "privacy": lazy_gettext("Privacy"),
    "contact": lazy_gettext("Contact"),
}


class ShownRule(NamedTuple):
    """A rule with its text as HTML."""

    number: int
    anchor: str
    html: str


@blueprint.get("/about")
async def about() -> ResponseReturnValue:
    """Show who runs this site, and what it is for."""
    return await _page("about")


@blueprint.get("/privacy")
async def privacy() -> ResponseReturnValue:
    """Show what the site stores about people."""
    return await _page("privacy")


@blueprint.get("/contact")
async def contact() -> ResponseReturnValue:
    """Show how to contact the people who run the site."""
    return await _page("contact")


@blueprint.get("/rules")
async def rules() -> ResponseReturnValue:
    """Show the numbered rules, each with an anchor: `/rules#rule-3`."""
    introduction, found = parse_rules(_text("rules"))
    shown = [
        ShownRule(rule.number, rule.anchor, await _html(rule.text) if rule.text else "")
        for rule in found
    ]
    html = await _html(introduction) if introduction else ""
    return await render_template("site/rules.html", introduction=html, rules=shown)


@blueprint.app_template_global()
def information_pages() -> list[tuple[str, LazyText]]:
    """The endpoints and names of the pages that are not empty."""
    site = current_app.site
    return [(f"site.{name}", label) for name, label in PAGES.items() if getattr(site, name)]


async def _page(name: str) -> str:
    html = await _html(_text(name))
    return await render_template("site/information.html", title=PAGES[name], html=html)


def _text(name: str) -> str:
    text: str = getattr(current_app.site, name)
    if not text:
        raise NotFoundError
    return text


async def _html(text: str) -> str:
    """Render a text to HTML, once per process."""
    return await current_app.fragments.text(_render, text)


async def _render(text: str) -> str:
    html = await current_app.renderer.rerender(render_document, text)
    # A later release may refuse to render a text that an earlier one accepted.
    return Markup("<p>{}</p>").format(text) if html is None else html
