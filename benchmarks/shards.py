"""Rehearses the distribution of the tables over the nodes of a Citus, over the models.

    python -m benchmarks.shards

Says which foreign keys and which unique indexes Citus would refuse, and which tables lack the key
that they would be distributed by. Its rules: a distributed table has a column as its key; its
unique indexes contain that; a foreign key between two distributed tables contains the keys of both,
which have to be of one kind; any table may refer to a reference table, which is on every node; and
no foreign key leads from a distributed table to a local one, or back.
(https://docs.citusdata.com/en/stable/develop/reference_ddl.html)
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Column, ForeignKeyConstraint, Table, UniqueConstraint

from blog.models import Base

POST, PERSON, REFERENCE, LOCAL = "the post", "the person", "on every node", "on one node"
# The key of each distributed table. A name that is no column is one to be added.
KEYS = {
    POST: {
        "posts": "id", "comments": "post_id", "comment_likes": "post_id",
        "comment_search": "post_id", "post_drafts": "post_id", "post_likes": "post_id",
        "post_mailings": "post_id", "post_media": "post_id", "post_revisions": "post_id",
        "post_search": "post_id", "post_tags": "post_id", "post_views": "post_id",
        "revision_media": "post_id", "view_marks": "post_id",
    },
    PERSON: {
        "users": "id", "account_deletions": "user_id", "api_tokens": "user_id",
        "applications": "user_id", "authenticators": "user_id", "blocks": "user_id",
        "bookmark_folders": "user_id", "bookmarks": "user_id", "exports": "user_id",
        "follows": "follower_id", "hidden_words": "user_id", "import_remarks": "owner_id",
        "imported_posts": "owner_id", "mail_preferences": "user_id", "media": "owner_id",
        "mutes": "user_id", "notification_items": "owner_id", "notifications": "user_id",
        "openid_logins": "user_id", "passkeys": "user_id", "post_alerts": "follower_id",
        "post_imports": "owner_id", "recovery_codes": "user_id", "sessions": "user_id",
        "subscriptions": "author_id", "tag_follows": "user_id", "trusted_browsers": "user_id",
    },
}  # fmt: skip
COPIED = {
    "answer_templates", "roles", "search_configurations", "site", "site_settings", "tags",
}  # fmt: skip
KEPT = {
    "appeals", "audit_entries", "backup_runs", "bulk_act_people", "bulk_acts", "bulk_changes",
    "comment_ranges", "daily_figures", "emails", "events", "heartbeats", "held_items",
    "idempotent_answers", "incidents", "invitations", "jobs", "measure_items", "measures",
    "media_files", "mentions", "moderation_log", "moderation_log_openings", "moderator_notes",
    "monthly_activity",
    "post_days", "rate_limits", "refused_addresses", "removed_texts", "reports", "route_days",
    "stale_keys", "tag_ranges", "used_challenges", "user_ranges", "view_salts",
}  # fmt: skip


class Place(NamedTuple):
    """Where the rows of a table are: the kind of its key, and the column."""

    kind: str
    key: str = ""


def places() -> dict[str, Place]:
    """The place of each table that is named here."""
    distributed = {
        table: Place(kind, key) for kind, keys in KEYS.items() for table, key in keys.items()
    }
    copied = dict.fromkeys(COPIED, Place(REFERENCE))
    return distributed | copied | dict.fromkeys(KEPT, Place(LOCAL))


def without_key() -> list[str]:
    """The distributed tables that need another column, or one that is never NULL."""
    return [
        table.name for table, place in _placed()
        if place.key and (place.key not in table.c or table.c[place.key].nullable)
    ]  # fmt: skip


def refused_foreign_keys() -> Iterator[tuple[str, Place, Place]]:
    """Each foreign key that the database could no longer check: its columns and the two places."""
    found = places()
    for table, place in _placed():
        for key in table.foreign_key_constraints:
            target = found[key.referred_table.name]
            if not _is_kept(key, place, target):
                columns = ", ".join(key.column_keys)
                yield f"{table.name} ({columns}) → {key.referred_table.name}", place, target


def _is_kept(key: ForeignKeyConstraint, place: Place, target: Place) -> bool:
    if target.kind == REFERENCE:
        return True
    pairs = [(element.parent.name, element.column.name) for element in key.elements]
    return place.kind == target.kind and (place.kind == LOCAL or (place.key, target.key) in pairs)


def lost_unique_keys(*, primary: bool) -> Iterator[tuple[str, Place]]:
    """Each primary key, or other unique index, of a distributed table that lacks its key.

    A primary key of an id from a sequence can be extended by the key; the others are lost.
    """
    for table, place in _placed():
        for columns in [list(table.primary_key.c)] if primary else _unique(table):
            names = [column.name if isinstance(column, Column) else str(column)
                     for column in columns]  # fmt: skip
            if place.key and place.key not in names:
                yield f"{table.name} ({', '.join(names)})", place


def _unique(table: Table) -> Iterator[list[Any]]:
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if index.unique:
            yield list(index.expressions)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield list(constraint.columns)


def _placed() -> Iterator[tuple[Table, Place]]:
    found = places()
    for name in sorted(Base.metadata.tables):
        yield Base.metadata.tables[name], found[name]


def summary() -> list[str]:
    """The lines of a table: the tables of each place, and what they lose."""
    head = "rows", "tables", "lack the key", "primary keys to extend", "other unique keys lost"
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lacking = set(without_key())
    for kind in (POST, PERSON, REFERENCE, LOCAL):
        tables = {table.name for table, place in _placed() if place.kind == kind}
        lost = [
            sum(place.kind == kind for _, place in lost_unique_keys(primary=primary))
            for primary in (True, False)
        ]
        numbers = len(tables), len(tables & lacking), *lost
        lines.append(f"| {kind} | {' | '.join(map(str, numbers))} |")
    return lines


def crossings() -> list[str]:
    """The lines of a table: the foreign keys that are lost, by where they lead from and to."""
    lines = ["| from | to | foreign keys lost |", f"|{' --- |' * 3}"]
    pairs = [(place.kind, target.kind) for _, place, target in refused_foreign_keys()]
    for pair in sorted(set(pairs), key=lambda pair: (-pairs.count(pair), pair)):
        lines.append(f"| {' | '.join(pair)} | {pairs.count(pair)} |")
    return lines


def main() -> None:
    """Print everything."""
    print("\n".join([*summary(), "", *crossings()]))
    keys = sum(len(table.foreign_key_constraints) for table, _ in _placed())
    refused = [key for key, _, _ in refused_foreign_keys()]
    print(f"\n{len(refused)} of {keys} foreign keys are lost:")
    print("\n".join(refused))
    print("\nWithout the key: " + ", ".join(without_key()))
    for name, primary in (("Primary keys to extend", True), ("Other unique keys lost", False)):
        print(f"\n{name}: " + ", ".join(key for key, _ in lost_unique_keys(primary=primary)))


if __name__ == "__main__":
    main()
