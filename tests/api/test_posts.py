"""`/posts/` in the API."""

from blog.models import User
from tests.api.support import Client


async def test_a_post_is_published_read_edited_and_deleted(client: Client, susan: User) -> None:
    made = await client.post("/posts/", json={"body": "A *post*."})
    assert made.status_code == 201, made.text
    post = made.json()
    assert made.headers["location"] == post["url"]
    assert post["body_html"] == "<p>A <em>post</em>.</p>"
    assert post["author"] == susan.username
    assert (await client.get(post["url"])).json() == post
    edited = await client.put(post["url"], json={"body": "Other words."})
    assert edited.json()["edited_at"] is not None
    listed = (await client.get("/posts/")).json()
    assert listed == {"prev": None, "next": None, "count": 1, "posts": [edited.json()]}
    assert (await client.delete(post["url"])).status_code == 204
    assert (await client.get(post["url"])).status_code == 404
