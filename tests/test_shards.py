"""The rehearsed distribution of tables (`benchmarks/shards.py`) and what docs/scaling.md says."""

from pathlib import Path

from benchmarks.shards import COPIED, KEPT, KEYS, crossings, places, refused_foreign_keys, summary
from blog.models import Base

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scaling.md"


def test_each_table_has_one_place() -> None:
    assert set(places()) == set(Base.metadata.tables)
    named = sum(map(len, KEYS.values())) + len(COPIED) + len(KEPT)
    assert named == len(places())


def test_the_page_shows_the_tables_that_are_computed() -> None:
    page = PAGE.read_text()
    assert "\n".join(summary()) in page
    assert "\n".join(crossings()) in page


def test_a_foreign_key_is_kept_only_within_a_shard_or_to_a_copied_table() -> None:
    refused = {key for key, _, _ in refused_foreign_keys()}
    assert {"posts (author_id) → users", "comments (parent_id) → comments"} <= refused
    kept = {"comments (post_id) → posts", "users (role_id) → roles", "sessions (user_id) → users"}
    assert not kept & refused
