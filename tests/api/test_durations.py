"""Ages are written as pydantic writes them, whichever way is taken."""

from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.api.scalars import iso_duration

LENGTHS = st.timedeltas(timedelta(), timedelta(minutes=2)) | st.timedeltas(timedelta())


@given(length=LENGTHS)
@example(length=timedelta())
@example(length=timedelta(seconds=59, microseconds=999_990))
@example(length=timedelta(seconds=60))
@example(length=timedelta(microseconds=1))
def test_a_duration_is_written_as_the_library_writes_it(length: timedelta) -> None:
    assert iso_duration(length) == TypeAdapter(timedelta).dump_python(length, mode="json")
