"""Pages, mails, messages and documentation avoid phrases that no native speaker would write.

When a phrase that reads as translated is replaced, it gets a row here, so that it does not come
back.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Phrase(NamedTuple):
    """A phrase to avoid: what it looks like, what to write instead, and an example of it."""

    pattern: str
    better: str
    example: str


ANYWHERE = [
    Phrase(r"\be(-|‑|&#8209;)mail", "email", "Change your e-mail address"),
    Phrase(r"\blog-in\b", "login, or log in as a verb", "the log-in page"),
    Phrase(r"\bwhoever\b", "anyone who", "posted by whoever has some"),
    Phrase(r"\bwhom\b", "who, in another sentence", "People whom nina follows"),
    Phrase(r"\b(some|any)body\b", "someone, anyone", "Somebody else was quicker"),
    Phrase(r"\bwas quicker\b", "has already …", "Somebody else was quicker"),
    Phrase(r"\bof (yours|theirs)\b", "one of your …", "Another post of yours has this slug."),
    Phrase(r"\bpresent (one|password|text)\b", "current", "Forgotten the present one?"),
    Phrase(r"\bat present\b", "currently", "At present it is a@example.com."),
    Phrase(r"\banew\b", "again", "try to save it anew"),
    Phrase(r"\bfor good\b", "permanently", "all follows are deleted for good"),
    Phrase(r"\bin some (seconds|minutes|hours)\b", "in a few …", "try again in some seconds"),
    Phrase(r"\b(again|published|saves?) by itself\b", "automatically", "tried again by itself"),
    Phrase(r"\bWhat waits\b", "What is queued", "What waits is tried again by itself"),
    Phrase(r"\b(gone|taken|closed|made|sent|done|shown|ended|deleted|hidden) already\b",
           "already before the verb", "The comment is gone already."),
    Phrase(r"\bWas it not you\b", "Wasn't you?", "Was it not you? Do nothing."),
    Phrase(r"\bAdminister\b", "Admin", "Administer"),
    Phrase(r"\bNobody fits\b", "No matches", "Nobody fits."),
    Phrase(r"\bfollow \S+ now\b", "You're now following …", "You follow robin now."),
    Phrase(r"\bmade no sense\b", "what went wrong", "That request made no sense"),
    Phrase(r"\bguessed first\b", "too common", "the passwords that are guessed first"),
    Phrase(r"\bis nobody's\b", "has no owner", "It is nobody's."),
    Phrase(r">All of it<", "a link that says where it leads", "<a>All of it</a>"),
    Phrase(r"\bAll of it (goes|is sent)\b", "All of this …", "All of it goes with the account"),
    Phrase(r"\bForgotten (your|the)\b", "Forgot …?", "Forgotten your password?"),
    Phrase(r"\bLook among the spam\b", "Check your spam folder", "Look among the spam."),
    Phrase(r"\b(?-i:There)( is|['’]s) no such\b", "… doesn't exist", "There is no such person."),
    Phrase(r"\bPlease give\b", "Please enter, or send", "Please give a date."),
    Phrase(r"\bread on\b", "Read more", "Read on"),
    Phrase(r"\bposted? in public\b", "posted publicly", "News, posted in public."),
    Phrase(r"\bYou get this because\b", "You're getting …", "You get this because you asked."),
    Phrase(r"\b(comment|post|changes) waits? for\b", "is waiting for", "Your post waits for us."),
    Phrase(r"\b(has|have) (?!been)[^.%]*%\(time\)s", "the past tense", "It has ended %(time)s."),
    Phrase(r"\bhear of\b", "hear about", "Follow robin to hear of their posts."),
    Phrase(r"\brests? on\b", "is based on", "the rule that this rests on"),
    Phrase(r"\ba bit about you\b", "about yourself", "Tell us a bit about you."),
]  # fmt: skip
PAGES = [
    Phrase(r"\bcannot\b", "can't", "It cannot be brought back."),
    Phrase(r"\b(do|does|did|is|are|was|has|have|will|could) not\b", "a contraction, such as isn't",
           "This link does not work"),
    Phrase(r"\b(you|we|they) (are|have) (?!to\b)", "you're, we've …", "You are logged in"),
    Phrase(r"\bbrought back\b", "undone", "It cannot be brought back."),
    Phrase(r"\b(a|this|that|of these) mails?\b|\bmails (that|of)\b", "email", "Send me a mail."),
    Phrase(r"\bmeanwhile\b", "in the meantime", "the post was changed meanwhile"),
    Phrase(r"\bbegins? with\b", "start with", "begin with a letter"),
    Phrase(r"\bDear \b", "Hi", "Dear robin,"),
    Phrase(r"\b(Hi|Hello)[^\n,]*,\n\n(?-i:[a-z])", "a capital letter", "Hi robin,\n\nwelcome!"),
]  # fmt: skip
# The purpose of a signed link: with another one, the links in mails would stop working.
NOT_SHOWN = {"change e-mail"}


def faults(text: str, phrases: list[Phrase]) -> list[str]:
    """What to replace in a text."""
    return [
        f"“{found[0]}” → {phrase.better}"
        for phrase in phrases
        for found in re.finditer(phrase.pattern, text, re.IGNORECASE)
    ]


def strings(source: str) -> Iterator[str]:
    """The string literals of a module without its docstrings; an f-string is one."""
    tree = ast.parse(source)
    hidden = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            hidden.update(map(id, node.values))
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield "".join(map(str, parts))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in hidden
        ):
            yield node.value


def template(source: str) -> str:
    """The text of a template and the strings in its tags, with its lines joined as in a browser."""
    text = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL).replace("’", "'")
    text = re.sub(r"\{[{%](.*?)[%}]\}", _strings_of_tag, text, flags=re.DOTALL)
    return re.sub(r"(?<!\n)\n(?!\n) *", " ", text)


def _strings_of_tag(tag: re.Match[str]) -> str:
    return "… " + " … ".join(re.findall(r'"([^"]*)"', tag[1]))


def files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


@pytest.mark.parametrize("phrase", ANYWHERE + PAGES, ids=lambda phrase: phrase.example)
def test_each_phrase_is_found(phrase: Phrase) -> None:
    assert faults(phrase.example, [phrase])


def test_strings_are_read_without_docstrings() -> None:
    assert [*strings('"""Doc."""\ndef f():\n    """Doc."""\n    return f"a {b} c", "d"\n')] == [
        "a … c", "d",
    ]  # fmt: skip


def faults_in(texts: dict[Path, str], phrases: list[Phrase]) -> dict[str, list[str]]:
    """What to replace, by the file that it is in."""
    return {
        str(path.relative_to(ROOT)): found
        for path, text in texts.items()
        if (found := faults(text, phrases))
    }


def test_templates() -> None:
    paths = files("templates/**/*.html", "templates/**/*.txt")
    texts = {path: template(path.read_text()) for path in paths}
    assert texts
    assert faults_in(texts, ANYWHERE + PAGES) == {}


def test_messages() -> None:
    paths = [path for path in files("blog/**/*.py", "*.py") if path.parent.name != "demo"]
    texts = {
        path: "\n".join(text for text in strings(path.read_text()) if text not in NOT_SHOWN)
        for path in paths
    }
    assert texts
    assert faults_in(texts, ANYWHERE) == {}


def test_documentation() -> None:
    texts = {path: path.read_text() for path in files("*.md", "docs/*.md", "templates/**/*.md")}
    assert texts
    assert faults_in(texts, ANYWHERE) == {}
