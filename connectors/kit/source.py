"""What does a connector's source do, without running it?"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CLIENTS = frozenset(
    {
        "aiohttp",
        "asyncpg",
        "ftplib",
        "grpc",
        "http.client",
        "httpcore",
        "httpx",
        "imaplib",
        "paramiko",
        "poplib",
        "psycopg",
        "pycurl",
        "pyreqwest",
        "redis",
        "requests",
        "smtplib",
        "socket",
        "socketserver",
        "sqlalchemy",
        "telnetlib",
        "urllib.request",
        "urllib3",
        "uvicorn",
        "websockets",
        "xmlrpc.client",
        "zeep",
    }
)
OPENERS = frozenset(
    {
        ".create_connection",
        ".create_datagram_endpoint",
        ".create_server",
        ".open_connection",
        ".open_unix_connection",
        ".start_server",
        "open_connection",
        "start_server",
    }
)
IMPURE = CLIENTS | {
    "anyio",
    "asyncio",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "sqlite3",
    "structlog",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "app.ports.UpstreamHttp",
    "app.ports.Wiring",
}
IMPURE_CALLS = frozenset({"input", "open", "print", ".now", ".today", ".utcnow"})


@dataclass(frozen=True)
class Source:
    """One Python file; `module` is the name it is imported by."""

    path: Path
    module: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax.

        Raises:
            SyntaxError: it is not Python.
        """
        return ast.parse(self.path.read_text(encoding="utf-8"), filename=self.path.name)

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every dotted name it imports: modules, and names from modules."""
        return frozenset(_imported(self.tree))

    def uses(self, banned: Iterable[str]) -> list[str]:
        """The banned modules or names that it imports, or imports from."""
        return [
            one
            for one in sorted(banned)
            if any(name == one or name.startswith(f"{one}.") for name in self.imports)
        ]

    def calls(self, names: frozenset[str]) -> list[str]:
        """The functions of these names that it calls; `.name` is one of an object or module."""
        called = {_called(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        return sorted(f"{name.removeprefix('.')}()" for name in called & names)

    def has_coroutines(self) -> bool:
        """Whether it defines something to await."""
        return any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(self.tree))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{one.name}" for one in names)


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return f".{name}"
    return ""


def sources(folder: Path, module: str) -> dict[str, Source]:
    """Every Python file of a package by module name; its tests left out."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if "tests" in parts or "templates" in parts:
            continue
        steps = parts[:-1] if parts[-1] == "__init__" else parts
        name = ".".join((module, *steps))
        found[name] = Source(path, name)
    return found


def reached_from(starts: Iterable[str], known: dict[str, Source]) -> list[Source]:
    """The files that `starts` are or contain, and those of the package they import, in turn."""
    waiting = [name for name in known for start in starts if _within(name, start)]
    reached: dict[str, Source] = {}
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = known[name]
            waiting.extend(known[name].imports & known.keys())
    return [reached[name] for name in sorted(reached)]


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
