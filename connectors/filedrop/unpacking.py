"""What is inside a file that was made smaller? Never more than may be read."""

import io
import zipfile
import zlib

from connectors.filedrop.documents import Mistake, Unreadable

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
WITH_GZIP_HEADER = 31  # bits of the window, and that a header is before it


def unpacked(data: bytes, most: int) -> bytes:
    """The bytes of a file: of the only member of a ZIP archive, of a gzip stream, or as they are.

    Raises:
        Unreadable: it is damaged, holds several files, or more than so many bytes.
    """
    if data.startswith(GZIP):
        return _gunzipped(data, most)
    if data.startswith(ZIP):
        return _unzipped(data, most)
    return data


def _gunzipped(data: bytes, most: int) -> bytes:
    stream = zlib.decompressobj(WITH_GZIP_HEADER)
    try:
        found = stream.decompress(data, most + 1)
    except zlib.error:
        raise _unreadable("is a damaged gzip file") from None
    if len(found) > most:
        raise _unreadable(f"unpacks to more than {most} bytes")
    if not stream.eof or stream.unused_data:
        raise _unreadable("is a gzip file that is cut, or more than one")
    return found


def _unzipped(data: bytes, most: int) -> bytes:
    try:
        count, found = _only_member(data, most)
    except Exception:  # noqa: BLE001  what damage raises differs by method and by Python's version
        raise _unreadable("is a damaged or encrypted ZIP file") from None
    if count != 1:
        raise _unreadable(f"holds {count} files; one is taken")
    if len(found) > most:
        raise _unreadable(f"unpacks to more than {most} bytes")
    return found


def _only_member(data: bytes, most: int) -> tuple[int, bytes]:
    """How many files an archive holds; of the only one the bytes, as far as they are needed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        if len(members) != 1:
            return len(members), b""
        with archive.open(members[0]) as opened:
            return 1, opened.read(most + 1)


def _unreadable(wrong: str) -> Unreadable:
    return Unreadable(Mistake(1, 1, wrong))
