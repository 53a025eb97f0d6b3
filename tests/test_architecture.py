"""The folders of the application, as `docs/architecture.md` and import-linter have them."""

import re
import tomllib
from pathlib import Path

import grimp

PROJECT = Path(__file__).resolve().parents[1]


def layers() -> list[str]:
    """The folders as import-linter knows them, from the top to the bottom."""
    configuration = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    [contract] = configuration["tool"]["importlinter"]["contracts"]
    return [layer.replace("blog.", "") for layer in contract["layers"]]


def test_every_folder_has_a_place_among_the_layers() -> None:
    blog = PROJECT / "blog"
    folders = {path.parent.relative_to(blog) for path in blog.glob("*/*.py")}
    folders |= {path.parent.relative_to(blog) for path in blog.glob("core/*/*.py")}
    named = {name for layer in layers() for name in layer.split(" | ")}
    assert {".".join(folder.parts) for folder in folders} - {"core"} == named


def test_the_architecture_page_shows_the_layers_that_are_checked() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text()
    shown = re.search(r"## Which folder imports which\n.*?```\n(.*?)```", page, re.DOTALL)
    assert shown
    assert shown[1].splitlines() == layers()


def test_the_architecture_page_says_what_each_folder_is_for() -> None:
    blog = PROJECT / "blog"
    page = (PROJECT / "docs" / "architecture.md").read_text()
    shown = re.search(r"## Where things live\n.*?```\n(.*?)```", page, re.DOTALL)
    assert shown
    # Those of the core stand below it, further to the right.
    for folder, margin in ((blog, 2), (blog / "core", 4)):
        named = set(re.findall(rf"^ {{{margin}}}(\w+)/ +\w", shown[1], re.MULTILINE))
        assert {path.parent.name for path in folder.glob("*/*.py")} == named


def test_no_two_folders_within_a_feature_import_each_other() -> None:
    graph = grimp.build_graph("blog", cache_dir=None)
    blog = PROJECT / "blog"
    folders = {".".join(path.parent.relative_to(PROJECT).parts) for path in blog.rglob("*.py")}
    imports = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            pair = siblings(module, imported)
            if pair and folders.issuperset(pair):
                imports.add(pair)
    # The tables use modules such as the clock, which are in no folder of the core.
    imports.discard(("blog.models", "blog.core"))
    assert [pair for pair in imports if pair[::-1] in imports] == []
    assert ("blog.accounts.passkeys", "blog.accounts.second_factor") in imports


def siblings(module: str, imported: str) -> tuple[str, str] | None:
    """The two parts of one folder that the modules are in; `None` if one contains the other."""
    first, second = module.split("."), imported.split(".")
    depth = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    if depth is None:
        return None
    return ".".join(first[: depth + 1]), ".".join(second[: depth + 1])
