"""An example of each thing that the API takes or gives, by the name of its schema.

A test checks each against its schema; those that a client sends work as they are.
"""

from typing import Any

_ROOT = "https://blog.example/api/v1"
_BODY = "I'm adding a post from the *command line*."
_BODY_HTML = "<p>I'm adding a post from the <em>command line</em>.</p>"

_POST = {
    "url": f"{_ROOT}/posts/17",
    "id": 17,
    "body": _BODY,
    "body_html": _BODY_HTML,
    "timestamp": "2026-11-24T09:30:00.250000Z",
    "edited_at": None,
    "author_url": f"{_ROOT}/users/3",
    "author": "susan",
    "comments_url": f"{_ROOT}/posts/17/comments/",
    "comment_count": 1,
}
_COMMENT = {
    "url": f"{_ROOT}/comments/5",
    "id": 5,
    "post_url": f"{_ROOT}/posts/17",
    "body": "So *am* I.",
    "body_html": "So <em>am</em> I.",
    "timestamp": "2026-11-24T09:42:10.125000Z",
    "edited_at": None,
    "author_url": f"{_ROOT}/users/4",
    "author": "david",
    "disabled": False,
}
_USER = {
    "url": f"{_ROOT}/users/3",
    "id": 3,
    "username": "susan",
    "name": "Susan Meyer",
    "location": "Lisbon",
    "about_me": "I write about paper, and about trams.",
    "member_since": "2025-03-02T18:05:41.500000Z",
    "last_seen": "2026-11-24T09:30:00.250000Z",
    "avatar_url": "https://blog.example/avatar/4e07408562bedb8b.svg",
    "posts_url": f"{_ROOT}/users/3/posts/",
    "followed_posts_url": f"{_ROOT}/users/3/timeline/",
    "followers_url": f"{_ROOT}/users/3/followers/",
    "following_url": f"{_ROOT}/users/3/following/",
    "post_count": 12,
    "follower_count": 1,
    "following_count": 2,
}
_TOKEN = {
    "url": f"{_ROOT}/tokens/9",
    "id": 9,
    "name": "nightly backup",
    "scopes": ["read"],
    "created_at": "2026-11-24T09:00:00.750000Z",
    "last_used_at": None,
    "expires_at": "2026-12-24T09:00:00.750000Z",
}
_SECRET = "bsd_9c1kPpN1mVt2vS1hFhFq3mO0m5K7o9yTz0aJ8WkXw2E"  # noqa: S105 (it opens nothing)
_LAST_PART: dict[str, Any] = {"prev": None, "next": None, "count": 1}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Root": {
        "posts_url": f"{_ROOT}/posts/",
        "comments_url": f"{_ROOT}/comments/",
        "users_url": f"{_ROOT}/users/",
        "me_url": f"{_ROOT}/me",
        "tokens_url": f"{_ROOT}/tokens/",
        "token_url": f"{_ROOT}/token",
        "documentation_url": "https://blog.example/api/docs",
    },
    "PostCreate": {"body": _BODY},
    "PostUpdate": {"body": _BODY},
    "Post": _POST,
    "PostList": {
        "prev": None, "next": f"{_ROOT}/posts/?page=2&per_page=1", "count": 340, "posts": [_POST],
    },
    "CommentCreate": {"body": "So *am* I."},
    "CommentUpdate": {"body": "So *am* I."},
    "Comment": _COMMENT,
    "CommentList": _LAST_PART | {"comments": [_COMMENT]},
    "UserCreate": {
        "email": "susan@blog.example.com", "username": "susan", "password": "paper and trams",
    },
    "ProfileUpdate": {"name": "Susan Meyer", "location": "Lisbon"},
    "User": _USER,
    "Account": _USER | {
        "email": "susan@blog.example.com", "role": "User", "confirmed": True,
    },
    "UserList": _LAST_PART | {"users": [_USER]},
    "ModerationReason": {"reason": "It shouts at somebody."},
    "AccessToken": {"token": _SECRET, "expiration": 3600},
    "TokenCreate": {"name": "nightly backup", "scopes": ["read"], "expiration": 2592000},
    "Token": _TOKEN,
    "CreatedToken": _TOKEN | {"token": _SECRET, "expiration": 2592000},
    "TokenList": _LAST_PART | {"tokens": [_TOKEN]},
}  # fmt: skip
