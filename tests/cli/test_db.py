"""`tessera db`: the tables of the store, as an operator meets them."""

import subprocess
from pathlib import Path

import pytest

from app.store.opening import newest
from tests.cli.test_cli import settings_file, tessera
from tests.databases import empty, postgres
from tests.processes import ROOT, TESSERA

__all__ = ["empty", "postgres"]


def with_store(folder: Path, url: str) -> str:
    file = settings_file(folder)
    file.write_text(f'{file.read_text()}\n[store]\nurl = "{url}"\n')
    return str(file)


def test_tables_are_made_and_told(tmp_path: Path, empty: str) -> None:
    config = with_store(tmp_path, empty)

    before = tessera("db", "status", "--config", config)
    done = tessera("db", "upgrade", "--config", config)
    after = tessera("db", "status", "--config", config)

    assert before.returncode == 1
    assert before.stdout == f"The store is at revision none, this version needs {newest()}.\n"
    assert (done.returncode, done.stdout) == (0, f"The store is at revision {newest()}.\n")
    assert after.returncode == 0
    assert after.stdout == f"The store is at revision {newest()}, as this version needs it.\n"


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("keys", "list")])
def test_tables_that_were_never_made_are_one_line(
    tmp_path: Path, empty: str, command: tuple[str, ...]
) -> None:
    told = subprocess.run(  # noqa: S603  our own command
        [*TESSERA, *command, "--config", with_store(tmp_path, empty)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (told.returncode, told.stdout) == (2, "")
    assert "Traceback" not in told.stderr
    assert told.stderr.splitlines()[-1] == (
        "tessera: the database is not of this version: run `tessera db upgrade`"
    )


@pytest.mark.parametrize("command", ["status", "upgrade"])
@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all/store.db"]
)
def test_a_store_that_does_not_answer_is_one_line(tmp_path: Path, url: str, command: str) -> None:
    told = tessera("db", command, "--config", with_store(tmp_path, url))

    assert (told.returncode, told.stdout) == (1, "")
    assert "the store does not answer" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_embedded_store_has_no_tables_to_look_after(tmp_path: Path) -> None:
    told = tessera("db", "status", "--config", str(settings_file(tmp_path)))

    assert told.returncode == 2
    assert "set store.url to keep one" in told.stderr


def test_a_password_does_not_belong_in_the_settings(tmp_path: Path) -> None:
    config = with_store(tmp_path, "postgresql://tessera:hunter2@db/retail")

    for command in (("db", "status"), ("config", "check")):
        told = tessera(*command, "--config", config)
        assert told.returncode == 2
        assert "store.url: a password does not belong in this file" in told.stderr
        assert "hunter2" not in told.stderr
