"""`/api/openapi.json`, and its interactive page `/api/docs`."""

from collections.abc import Iterable
from pathlib import Path

import swagger_ui_bundle
from quart import Response, render_template, request
from quart.typing import ResponseReturnValue
from quart_schema import Info, QuartSchema, Tag

from blog.core.api.description import Description
from blog.core.web.app import Broadside, current_app
from blog.core.web.assets import Assets
from blog.core.web.headers import content_security_policy

SWAGGER_UI = Assets(Path(str(swagger_ui_bundle.swagger_ui_path)), "/api/docs/")
INTRODUCTION = """\
Everything that you can do on the site, for programs.

Lists are paginated by number (`?page=`, `?per_page=`) or by cursor (`?cursor=`, then the URL in
`next`). `?fields=` selects the fields of each item. Authenticate with HTTP Basic, using an email
address or username and the password, or a token as the username. Bearer tokens work too. Errors
are `application/problem+json` documents (RFC 9457).

Every URL supports `OPTIONS`, and `HEAD` if it supports `GET`. Any other method is answered with
405, and `Allow` lists the supported ones.
"""


async def openapi() -> ResponseReturnValue:
    """The OpenAPI description."""
    document = current_app.extensions["description"].text()
    response = Response(document, content_type="application/json")
    response.headers["Cache-Control"] = "no-cache"
    await response.add_etag(weak=True)
    return await response.make_conditional(request)


async def docs() -> ResponseReturnValue:
    """Swagger UI."""
    files = {
        name: SWAGGER_UI.address(f"swagger-ui{suffix}")
        for name, suffix in (("style", ".css"), ("script", "-bundle.js"))
    }
    response = Response(await render_template("api/docs.html", **files))
    # Swagger UI's style sheet contains its icons.
    policy = content_security_policy(current_app.settings)
    response.headers["Content-Security-Policy"] = policy.replace(
        "img-src 'self'", "img-src 'self' data:"
    )
    return response


def init_app(app: Broadside, tags: Iterable[Tag]) -> None:
    """Describe the API of `app`; call this after all routes are registered.

    This uses only the description of quart-schema; its `init_app` would process each response.

    Args:
        tags: the tags of the operations, in order.
    """
    described = [tag for tag in tags if tag.description]
    app.config.update(
        QUART_SCHEMA_CONVERSION_PREFERENCE="pydantic", QUART_SCHEMA_CONVERT_CASING=False
    )
    schema = QuartSchema(
        info=Info(title="API", version="1.0", description=INTRODUCTION),
        tags=[*described],
    )
    app.extensions["description"] = Description(app, schema, [tag.name for tag in described])
    app.add_url_rule("/api/openapi.json", "openapi", openapi)
    app.add_url_rule("/api/docs", "api_docs", docs)
    app.add_url_rule("/api/docs/<path:filename>", "api_docs_file", SWAGGER_UI.serve)
