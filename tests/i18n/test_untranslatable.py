"""Every text that people read can be translated."""

from pathlib import PurePosixPath

from tests.i18n.untranslatable import untranslatable

# With the folders below them: what operators and programs read, in English; examples in the
# description of the API.
IN_ENGLISH = {
    "blog/admin/figures/metrics.py", "blog/backups", "blog/cli", "blog/core/db", "blog/core/jobs",
    "blog/core/metrics.py", "blog/demo",
    "blog/comments/api.py",
    "blog/core/api/collections.py", "blog/core/api/description.py", "blog/core/api/problems.py",
    "blog/core/web/metrics_pages.py", "blog/mail/figures.py", "blog/mail/mailbox_pages.py",
    "blog/status/figures.py",
    "templates/api", "templates/mailbox",
    "templates/search/opensearch.xml",
    "templates/mail/application_error.html", "templates/mail/application_error.txt",
    "templates/mail/archive_stopped.html", "templates/mail/archive_stopped.txt",
    "templates/mail/backups_at_risk.html", "templates/mail/backups_at_risk.txt",
}  # fmt: skip


def places(file: str) -> set[str]:
    """A file, and the folders that it is in."""
    path = PurePosixPath(file)
    return {file, *map(str, path.parents)}


def test_all_texts_for_people_can_be_translated() -> None:
    found = untranslatable()
    assert {file: texts for file, texts in found.items() if not places(file) & IN_ENGLISH} == {}
