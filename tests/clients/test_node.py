"""The programs of the tests' Node.js find it, though it may be on no path."""

from pathlib import Path

from tests.node import NoNodeError, absent, find_engine, run

ASKS = "process.stdout.write(require('child_process').execSync('node -p process.execPath'))"


def test_what_node_starts_by_its_name_is_the_same_one(tmp_path: Path) -> None:
    try:
        engine = find_engine()
    except NoNodeError as error:
        absent("no Node.js", error)
    there = str(Path(engine.node[0]).resolve())

    said = run([*engine.node, "-e", ASKS], tmp_path, {"PATH": "/nowhere"}, 60)

    assert str(Path(said.strip()).resolve()) == there
