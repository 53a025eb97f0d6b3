"""`/robots.txt` (RFC 9309), according to the site's settings."""

from quart import Blueprint, Response, url_for

from blog.core.web.app import current_app

blueprint = Blueprint("robots", __name__)

# Personal pages, forms, and endless lists.
NOT_INDEXED = (
    "/auth/", "/admin/", "/moderate/", "/media/$", "/write", "/edit", "/drafts", "/delete/",
    "/comment/", "/report/", "/preview/", "/search?",
)  # fmt: skip
# Crawlers that collect texts for training models, but not those that fetch a page at a user's
# request.
AI_CRAWLERS = (
    "AI2Bot", "Amazonbot", "Applebot-Extended", "Bytespider", "CCBot", "ClaudeBot", "Diffbot",
    "FacebookBot", "Google-Extended", "GPTBot", "ImagesiftBot", "Meta-ExternalAgent", "Omgilibot",
    "PanguBot", "Timpibot", "anthropic-ai", "cohere-ai", "cohere-training-data-crawler",
)  # fmt: skip


@blueprint.get("/robots.txt")
async def show() -> Response:
    """Tell crawlers what they may fetch."""
    site = current_app.site
    lines: list[str] = []
    if not site.allow_ai_crawlers:
        lines += (f"User-agent: {name}" for name in AI_CRAWLERS)
        lines += ["Disallow: /", ""]
    lines.append("User-agent: *")
    if site.allow_indexing:
        lines += (f"Disallow: {path}" for path in NOT_INDEXED)
        lines += ["", f"Sitemap: {url_for('sitemaps.index', _external=True)}"]
    else:
        lines.append("Disallow: /")
    response = Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    response.cache_control.public, response.cache_control.max_age = True, 3600
    return response
