"""The page of the search, its suggestions, and its description for browsers."""

import json

from pydantic import ValidationError
from quart import Blueprint, Response, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError

from blog.comments.hidden_words import comments_with_hidden_words
from blog.core.auth.identity import current_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import SEARCHING, SUGGESTING, quota
from blog.core.db.cursors import InvalidCursorError
from blog.core.db.database_errors import is_timeout
from blog.core.db.pagination import CursorRequest, Page
from blog.core.text.validation import remove_forbidden
from blog.core.web.app import current_app, read
from blog.core.web.avatars import avatar_url
from blog.models import Permission
from blog.posts.hidden_words import hidden_words_of_viewer
from blog.posts.viewer_state import state_of_list
from blog.search.finding import SearchPage, SearchRequest, find, suggest, suggest_people
from blog.search.schemas import SearchForm
from blog.search.statements import LOOKED_THROUGH_FOR_PHRASE, MOST_FOUND

blueprint = Blueprint("search", __name__)

SUGGESTIONS, LONGEST_SUGGESTED = 8, 100
# Responses depend on whom the viewer has muted or blocked.
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get("/search")
@quota(SEARCHING)
async def search() -> ResponseReturnValue:
    """Show the posts, people and tags, or the comments, that match `?q=`, by `?sort=`.

    The other fields of the form stand for operators, and redirect to the same search with these
    operators.
    """
    given = {name: remove_forbidden(value) for name, value in request.args.items()}
    try:
        form = SearchForm.model_validate(given)
    except ValidationError:
        form = SearchForm(q=given.get("q", "")[:1000])
    if form.has_operators:
        return redirect(url_for("search.search", q=form.question, sort=given.get("sort")))
    wanted = CursorRequest(current_app.settings.posts_per_page, form.cursor)
    viewer = current_viewer()
    search_request = SearchRequest(form.q, form.sort, wanted, viewer.id, viewer.filtered_for)
    found: SearchPage | None = None
    try:
        found = await read(find, search_request) if form.q else None
    except InvalidCursorError:
        return redirect(url_for("search.search", q=form.q, sort=given.get("sort")))
    except DBAPIError as error:
        if not is_timeout(error):
            raise
        return await _page(form, None, took_too_long=True), 503
    return await _page(form, found)


async def _page(form: SearchForm, found: SearchPage | None, *, took_too_long: bool = False) -> str:
    page: Page[object] | None = None
    if found:
        number = None if form.cursor else 1
        page = Page((), number, False, next_cursor=found.matches.next_cursor)
    return await render_template(
        "search/search.html",
        form=form,
        found=found,
        state=await state_of_list(found.posts if found else ()),
        hidden_words=await _hidden_words(found) if found else {},
        page=page,
        took_too_long=took_too_long,
        most_found=MOST_FOUND,
        looked_through=LOOKED_THROUGH_FOR_PHRASE,
    )


async def _hidden_words(found: SearchPage) -> dict[int, str]:
    """The results that contain a word the viewer hides, and the word."""
    if found.question.in_comments:
        return await comments_with_hidden_words(each.id for each in found.comments)
    return await hidden_words_of_viewer(each.id for each in found.posts)


@blueprint.get("/search/suggestions")
@quota(SUGGESTING)
async def suggestions() -> ResponseReturnValue:
    """Suggest people and tags for a text, in the format that browsers expect (OpenSearch
    Suggestions 1.0): the text, completions, and their descriptions."""
    text = remove_forbidden(request.args.get("q", ""))[:LONGEST_SUGGESTED]
    try:
        found = await read(suggest, text, current_viewer().filtered_for)
    except DBAPIError as error:
        if not is_timeout(error):
            raise
        found = ()
    pairs = found[:SUGGESTIONS]
    body = [text, [value for value, _ in pairs], [label for _, label in pairs]]
    content_type = "application/x-suggestions+json"
    return Response(json.dumps(body), content_type=content_type, headers=NO_STORE)


@blueprint.get("/search/people")
@quota(SUGGESTING)
@permission_required(Permission.COMMENT)
async def people() -> ResponseReturnValue:
    """Suggest people for the start of a name typed in a text (JSON)."""
    text = remove_forbidden(request.args.get("q", ""))[:LONGEST_SUGGESTED]
    try:
        found = await read(suggest_people, text, current_viewer().filtered_for)
    except DBAPIError as error:
        if not is_timeout(error):
            raise
        found = ()
    people = [
        {"username": each.username, "name": each.name, "avatar": avatar_url(each, 48)}
        for each in found
    ]
    return {"people": people}, NO_STORE


@blueprint.app_template_global()
def suggests_people() -> dict[str, str]:
    """The attributes of a text field in which people are suggested after "@"."""
    return {"data-people": url_for("search.people")}


@blueprint.get("/opensearch.xml")
async def description() -> ResponseReturnValue:
    """Describe the search, so that browsers can search here (OpenSearch 1.1)."""
    name = current_app.site.site_name
    document = await render_template(
        "search/opensearch.xml",
        # The specification's limits.
        short_name=name[:16],
        description=f"Search {name}"[:1024],
        icon=url_for("well_known", filename="favicon.ico", _external=True),
        page=url_for("search.search", _external=True),
        suggestions=url_for("search.suggestions", _external=True),
        own=url_for("search.description", _external=True),
    )
    return Response(document, content_type="application/opensearchdescription+xml")
