"""Every text that people read can be translated. What cannot be yet is listed here, by folder."""

from pathlib import PurePosixPath

from tests.i18n.untranslatable import untranslatable

# For operators and programs, who read English; examples in the description of the API.
IN_ENGLISH = {
    "blog/backups", "blog/cli", "blog/core/db", "blog/core/jobs",
    "blog/core/metrics.py", "blog/demo",
    "blog/comments/api.py",
    "blog/core/api/collections.py", "blog/core/api/description.py", "blog/core/api/problems.py",
    "blog/core/web/metrics_pages.py", "blog/mail/figures.py", "blog/mail/mailbox_pages.py",
    "templates/api", "templates/mailbox",
    "templates/search/opensearch.xml",
    "templates/mail/application_error.html", "templates/mail/application_error.txt",
    "templates/mail/archive_stopped.html", "templates/mail/archive_stopped.txt",
    "templates/mail/backups_at_risk.html", "templates/mail/backups_at_risk.txt",
}  # fmt: skip
# With the folders below them. This list only gets shorter.
NOT_YET = {
    "templates/plots.html",
    "blog/admin",
    "blog/core/web/plots.py",
    "templates/admin",
}


def places(file: str) -> set[str]:
    """A file, and the folders that it is in."""
    path = PurePosixPath(file)
    return {file, *map(str, path.parents)}


def test_all_texts_can_be_translated_but_those_of_folders_that_are_listed() -> None:
    found = {
        file: texts for file, texts in untranslatable().items() if not places(file) & IN_ENGLISH
    }
    assert {file: texts for file, texts in found.items() if not places(file) & NOT_YET} == {}
    left = {place for file in found for place in places(file)}
    assert NOT_YET - left == set(), "take what is finished off the list"
