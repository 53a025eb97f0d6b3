"""The addresses of the API's resources. A version's links stay in that version.

They are put together here and not by `url_for`, which takes longer than to read a page of posts
from the database. A test follows each of them.
"""

from functools import lru_cache
from typing import Annotated, NamedTuple
from urllib.parse import urlencode, urljoin

from pydantic import Field
from quart import request
from quart.globals import request_ctx
from werkzeug.sansio.utils import get_current_url

from blog.models import User
from blog.users.avatars import avatar_url

Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]

PREFIXES = {"v1": "/api/v1", "v1_0": "/api/v1.0"}


class Links(NamedTuple):
    """The addresses that an answer names, all of them absolute.

    Args:
        root: the address of the API's root, without a slash at the end.
    """

    root: str

    def post(self, post_id: int) -> str:
        return f"{self.root}/posts/{post_id}"

    def comments_of(self, post_id: int) -> str:
        return f"{self.root}/posts/{post_id}/comments/"

    def comment(self, comment_id: int) -> str:
        return f"{self.root}/comments/{comment_id}"

    def user(self, user_id: int) -> str:
        return f"{self.root}/users/{user_id}"

    def avatar(self, user: User) -> str:
        return urljoin(self.root, avatar_url(user))

    def token(self, token_id: int) -> str:
        return f"{self.root}/tokens/{token_id}"


def links() -> Links:
    """The links of the version that the current request asks for."""
    asked = request_ctx.request
    version = str(asked.blueprint).partition(".")[0]
    return _links(version, asked.scheme, asked.host, asked.root_path)


@lru_cache(maxsize=100)
def _links(version: str, scheme: str, host: str, root_path: str) -> Links:
    return Links(get_current_url(scheme, host, root_path).rstrip("/") + PREFIXES[version])


def this_address(**arguments: object) -> str:
    """The current address with other arguments; those that are `None` are left out."""
    wanted = {name: value for name, value in arguments.items() if value is not None}
    return f"{request.base_url}?{urlencode(wanted)}" if wanted else request.base_url
