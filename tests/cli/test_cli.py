"""The command line, as a person meets it."""

import json
import shlex
import signal
import socket
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, ClassVar
from urllib.request import Request, urlopen

import pytest

from app.api.schema import federation_sdl, sdl
from app.cli import main
from tests.processes import ROOT, running

PATIENCE = 30.0  # seconds a loaded machine may take to start


@dataclass(frozen=True)
class Told:
    returncode: int
    stdout: str
    stderr: str


def tessera(*arguments: str, cwd: Path = ROOT, **environ: str) -> Told:
    """Run a command in this process, as a person would in `cwd`."""
    out, err = StringIO(), StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.chdir(cwd)
        for name, value in environ.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            main(arguments)
    return Told(int(end.value.code or 0), out.getvalue(), err.getvalue())


def settings_file(folder: Path, **changes: str) -> Path:
    text = """
[connections.shop]
connector = "sandbox"
settings = { url = "embedded", system = "shop" }
[bind]
catalogue = "shop"
prices = "shop"
[channels.WEB]
currency = "EUR"
country = "IT"
locale = "it"
"""
    for old, new in changes.items():
        text = text.replace(old, new)
    file = folder / "tessera.toml"
    file.write_text(text)
    return file


def test_the_schema_is_printed() -> None:
    told = tessera("schema", "print")

    assert (told.returncode, told.stdout, told.stderr) == (0, sdl(), "")


def test_the_subgraph_is_printed() -> None:
    told = tessera("schema", "print", "--federation")

    assert (told.returncode, told.stdout) == (0, federation_sdl())
    assert '@key(fields: "sku")' in told.stdout


def test_a_schema_file_that_differs_fails_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "schema.graphql").write_text(sdl())
    same = tessera("schema", "check", cwd=tmp_path)
    (tmp_path / "schema.graphql").write_text(sdl() + "\n")
    other = tessera("schema", "check", cwd=tmp_path)

    assert (same.returncode, same.stdout) == (0, "schema.graphql is up to date.\n")
    assert (other.returncode, other.stderr) == (
        1,
        (
            "Error: schema.graphql differs from the code:"
            " run `tessera schema print > schema.graphql`\n"
        ),
    )


@pytest.mark.parametrize(
    ("new", "code", "told"),
    [
        ("type Query { b: Int }", 1, "breaking   Field Query.a was removed.\n"),
        (
            "type Query { a(x: Int = 2): Int b: Int }",
            0,
            "dangerous  Query.a(x:) has changed defaultValue from 1 to 2.\n",
        ),
        (
            "type Query { a(x: Int = 1): Int b: Int c: Int }",
            0,
            "safe       Field Query.c was added.\n",
        ),
        ("type Query { a(x: Int = 1): Int b: Int }", 0, "No change.\n"),
    ],
)
def test_a_schema_change_is_told_by_its_impact(
    tmp_path: Path, new: str, code: int, told: str
) -> None:
    (tmp_path / "old").write_text("type Query { a(x: Int = 1): Int b: Int }")
    (tmp_path / "new").write_text(new)

    answer = tessera("schema", "diff", "old", "new", cwd=tmp_path)

    assert (answer.returncode, answer.stdout) == (code, told)


def test_sound_settings_are_said_to_be_sound(tmp_path: Path) -> None:
    told = tessera("config", "check", "--config", str(settings_file(tmp_path)))

    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "The settings are sound.")


@pytest.mark.parametrize(
    ("jwks", "mistake"),
    [
        ('"nosuch.json"', "access.issuers.staff.jwks: the file nosuch.json holds no key set"),
        ('"tessera.toml"', "access.issuers.staff.jwks: the file tessera.toml holds no key set"),
        ("{ nokeys = 1 }", "access.issuers.staff.jwks is no key set"),
        *(
            (f'"{address}"', "{file}: access.issuers.staff: jwks has to be an https address, or ")
            for address in (
                "https://",
                "https://id.example.com:99999/keys",
                "https://id.example.com:0/keys",
                "ftp://localhost/keys",
                "http://id.example.com/keys",
            )
        ),
    ],
)
def test_keys_that_cannot_be_read_are_told_before_the_start(
    tmp_path: Path, jwks: str, mistake: str
) -> None:
    file = settings_file(tmp_path)
    issuer = f'kind = "STAFF"\nissuer = "i"\naudience = "a"\njwks = {jwks}\n'
    file.write_text(f"{file.read_text()}[access.issuers.staff]\n{issuer}")

    told = tessera("config", "check", "--config", str(file), cwd=tmp_path)

    assert told.returncode == 2
    [line] = told.stderr.splitlines()
    assert line.startswith(f"tessera: {mistake.format(file=file)}")


def test_the_settings_may_be_named_by_the_environment(tmp_path: Path) -> None:
    file = settings_file(tmp_path, currency="curency")

    told = tessera("config", "check", TESSERA_CONFIG=str(file))

    assert told.returncode == 2
    assert told.stderr.splitlines() == [
        f"tessera: {file}: channels.WEB.currency: Field required",
        f"tessera: {file}: channels.WEB.curency: unknown key 'curency', did you mean 'currency'?",
    ]


def test_without_any_file_the_embedded_retailer_is_meant(tmp_path: Path) -> None:
    told = tessera("config", "check", cwd=tmp_path)

    assert told.returncode == 0
    assert "connection tills: " in told.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serv"], "tessera: No such command 'serv'. Did you mean 'serve'?"),
        (["serve", "--port", "x"], "tessera: Invalid value for '--port'"),
        (["serve", "--port", "70000"], "tessera: Invalid value for '--port'"),
        (["serve", "--config", "nowhere.toml"], "tessera: nowhere.toml: cannot be read"),
        (["schema", "diff", "nowhere", "nowhere"], "tessera: nowhere cannot be read"),
        (["schema", "check", "nowhere"], "tessera: nowhere cannot be read"),
        (["connectors", "check", "vendur"], "tessera: no connector 'vendur'"),
        (["connectors", "new", "Bad Name"], "tessera: "),
        (["connectors", "new", "sandbox"], "tessera: "),
    ],
)
def test_a_persons_mistake_is_one_line_and_exit_code_2(arguments: list[str], told: str) -> None:
    answer = tessera(*arguments)

    assert answer.returncode == 2
    assert answer.stdout == ""
    [line] = answer.stderr.splitlines()
    assert line.startswith(told)


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = tessera("demo", "--port", str(port), cwd=tmp_path)

    assert (answer.returncode, answer.stderr) == (
        2,
        f"tessera: cannot listen on 127.0.0.1:{port}: address already in use; try --port\n",
    )


@pytest.mark.parametrize("host", ["nosuch.invalid", "::g"])
def test_a_host_that_is_none_is_one_line(tmp_path: Path, host: str) -> None:
    answer = tessera("demo", "--host", host, "--port", "0", cwd=tmp_path)

    assert answer.returncode == 2
    shown = f"[{host}]" if ":" in host else host
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"tessera: cannot listen on {shown}:0: ")
    assert "unknown error" not in line
    assert line.endswith("; try --host")


def speaks_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not speaks_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_can_be_pasted(tmp_path: Path) -> None:
    with running("demo", "--host", "::1", cwd=tmp_path) as (_, address):
        assert address.startswith("http://[::1]:")
        assert ask(address, "{ __typename }") == {"data": {"__typename": "Query"}}


LONG = "x" * 101


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        (("serve", "--host", ""), "'--host': 1 to 253 characters on one line"),
        (("keys", "create", "--owner", ""), "'--owner': 1 to 100 characters on one line"),
        (("keys", "create", "--owner", LONG), "'--owner': 1 to 100 characters on one line"),
        (("keys", "create", "--owner", "a\nb"), "'--owner': 1 to 100 characters on one line"),
        (("keys", "create", "--owner", "a\0"), "'--owner': 1 to 100 characters on one line"),
        (("audit", "list", "--after", str(2**63)), f"'--after': {2**63} is not in the range "),
        (("audit", "list", "--most", str(2**63)), f"'--most': {2**63} is not in the range "),
        (("markets", "ship", "m", "n" * 81), "'NUMBER': 1 to 80 characters on one line"),
        (("markets", "ship", "m", "n", "--carrier", LONG), "'--carrier': 1 to 100 characters "),
        (("markets", "ship", "m", "n", "--tracking", LONG), "'--tracking': 1 to 100 characters "),
        (("markets", "ship", "m", "n", "--service", LONG), "'--service': 1 to 100 characters "),
        (
            ("markets", "ship", "m", "n", "--carrier-name", LONG),
            "'--carrier-name': 1 to 100 characters ",
        ),
    ],
)
def test_what_cannot_be_kept_is_one_line(command: tuple[str, ...], mistake: str) -> None:
    answer = tessera(*command)

    assert (answer.returncode, answer.stdout) == (2, "")
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"tessera: Invalid value for {mistake}")


def ask(address: str, query: str, **headers: str) -> dict[str, Any]:
    headers = {"content-type": "application/json", **headers}
    body = json.dumps({"query": query}).encode()
    request = Request(address, body, headers)  # noqa: S310  our own address
    with urlopen(request, timeout=10) as response:  # noqa: S310
        answer: dict[str, Any] = json.load(response)
    return answer


def pasted(command: str) -> dict[str, Any]:
    """What a shown command answers, without needing curl to be there."""
    curl, silent, address, header, kind, data, body = shlex.split(command.replace("\\\n", " "))
    assert (curl, silent, header, data) == ("curl", "-s", "-H", "-d")
    assert kind == "content-type: application/json"
    return ask(address, json.loads(body)["query"])


def looked_after(address: str, token: str) -> dict[str, str]:
    """How the demo's systems are, once its market was asked for orders, which nobody waits for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        told = ask(address, "{ upstreams { name state } }", authorization=token)
        states = {one["name"]: one["state"] for one in told["data"]["upstreams"]}
        if states["market"] != "UNKNOWN" or time.monotonic() > deadline:
            return states
        time.sleep(0.05)


def test_the_demo_says_what_to_try_and_it_answers(tmp_path: Path) -> None:
    with running("demo", cwd=tmp_path) as (process, address):
        assert process.stdout is not None
        commands = []
        while "Ctrl-C" not in (line := process.stdout.readline()):
            commands.append(line)
        shown = "".join(commands)
        tries = [part for part in shown.split("\n\n") if "curl" in part]
        token = shown.partition("authorization: ")[2].split("\n")[0]
        looked_after(address, token)
        answers = [pasted(one[one.index("curl") :]) for one in tries]
        upstreams = looked_after(address, token)

    assert len(tries) == 3
    for answer in answers:
        assert "errors" not in answer
        [connection] = answer["data"].values()
        assert connection["edges"] != []
    assert upstreams == {
        "market": "UP",
        "payments": "UNKNOWN",  # nobody has bought anything yet
        **dict.fromkeys(("shop", "supplier", "tills", "warehouse"), "UP"),
    }


@pytest.mark.parametrize(
    "stuck", [b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"]
)
def test_it_stops_in_time_even_with_a_stuck_client(tmp_path: Path, stuck: bytes) -> None:
    file = settings_file(tmp_path)
    file.write_text(file.read_text() + '[server]\ngraceful = "PT1S"\n')
    with running("serve", "--config", str(file), cwd=tmp_path) as (process, address):
        host, port = address.removeprefix("http://").removesuffix("/graphql").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(stuck)
            assert ask(address, "{ __typename }") == {"data": {"__typename": "Query"}}
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)
            took = time.monotonic() - started

    assert took < 5


class Collector(BaseHTTPRequestHandler):
    """Takes spans over OTLP/HTTP."""

    taken: ClassVar["Queue[bytes]"] = Queue()

    def do_POST(self) -> None:
        self.taken.put(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_spans_go_to_the_collector_that_the_environment_names(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        try:
            with running(
                "demo",
                cwd=tmp_path,
                OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
                OTEL_BSP_SCHEDULE_DELAY="50",
            ) as (_, address):
                ask(address, 'query Kinds { location(code: "ST-MIL") { kind } }')
                told = b""
                while b"Kinds" not in told:
                    told += Collector.taken.get(timeout=PATIENCE)
        finally:
            collector.shutdown()
            thread.join()

    assert b"graphql.document.hash" in told
    assert b"branches" in told  # a call at the start
    assert b"ST-MIL" not in told


def test_a_purge_without_a_redis_says_how_processes_hear_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cache", "purge", "Product:1"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "tessera: redis: is missing; processes hear of a purge through Redis\n"
    )
