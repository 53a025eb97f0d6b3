"""The URLs of the API's resources. Links stay within a version.

They start with `BASE_URL`, independent of the client's Host header. They are not built by
`url_for`, which takes longer than reading a page of posts from the database. A test follows each of
them.
"""

from functools import lru_cache
from typing import Annotated, NamedTuple
from urllib.parse import quote, urlencode, urljoin

from pydantic import Field
from quart import request

from blog.core.web.app import current_app
from blog.core.web.avatars import avatar_url
from blog.models import User

Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]

# The URL in the examples of the description.
EXAMPLE_ROOT = "https://blog.example/api/v1"
PREFIXES = {"v1": "/api/v1", "v1_0": "/api/v1.0"}


class Links(NamedTuple):
    """The absolute URLs in responses.

    Args:
        root: the API's root URL, without a trailing slash.
    """

    root: str

    def post(self, post_id: int) -> str:
        return f"{self.root}/posts/{post_id}"

    def page_of_post(self, post_id: int, slug: str | None) -> str:
        page = f"{self.root.partition('/api/')[0]}/post/{post_id}"
        return f"{page}/{slug}" if slug else page

    def comments_of(self, post_id: int) -> str:
        return f"{self.root}/posts/{post_id}/comments/"

    def revisions_of(self, post_id: int) -> str:
        return f"{self.root}/posts/{post_id}/revisions/"

    def revision(self, post_id: int, number: int) -> str:
        return f"{self.root}/posts/{post_id}/revisions/{number}"

    def page_of_revision(self, post_id: int, number: int) -> str:
        return f"{self.root.partition('/api/')[0]}/post/{post_id}/revisions/{number}"

    def comment(self, comment_id: int) -> str:
        return f"{self.root}/comments/{comment_id}"

    def held(self, item_id: int) -> str:
        return f"{self.root}/me/held/{item_id}"

    def tag(self, address: str) -> str:
        return f"{self.root}/tags/{quote(address)}"

    def page_of_tag(self, address: str) -> str:
        return f"{self.root.partition('/api/')[0]}/tag/{quote(address)}"

    def user(self, user_id: int) -> str:
        return f"{self.root}/users/{user_id}"

    def hidden_word(self, word_id: int) -> str:
        return f"{self.root}/me/hidden-words/{word_id}"

    def avatar(self, user: User) -> str:
        return urljoin(self.root, avatar_url(user))

    def media(self, media_id: int) -> str:
        return f"{self.root}/media/{media_id}"

    def image(self, path: str) -> str:
        """The URL of a file of an image, at `MEDIA_URL` if that is set."""
        return urljoin(current_app.settings.media_url or self.root, path)

    def export(self, export_id: int) -> str:
        return f"{self.root}/me/exports/{export_id}"

    def notification(self, notification_id: int) -> str:
        return f"{self.root}/notifications/{notification_id}"

    def folder(self, folder_id: int) -> str:
        return f"{self.root}/bookmarks/folders/{folder_id}"

    def report(self, report_id: int) -> str:
        return f"{self.root}/moderation/reports/{report_id}"

    def measure(self, measure_id: int) -> str:
        return f"{self.root}/moderation/measures/{measure_id}"

    def token(self, token_id: int) -> str:
        return f"{self.root}/tokens/{token_id}"


def links() -> Links:
    """The links of the current request's version."""
    version = str(request.blueprint).partition(".")[0]
    return _links(version, current_app.settings.base_url)


@lru_cache(maxsize=100)
def _links(version: str, base_url: str) -> Links:
    return Links(base_url.rstrip("/") + PREFIXES[version])


def this_url(**arguments: object) -> str:
    """The current URL with other query arguments; those that are `None` are omitted."""
    address = current_app.settings.base_url.rstrip("/") + quote(request.path)
    wanted = {name: value for name, value in arguments.items() if value is not None}
    return address + "?" + urlencode(wanted, safe=",") if wanted else address
