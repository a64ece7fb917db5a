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
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) != 1:
                raise _unreadable(f"holds {len(members)} files; one is taken")
            with archive.open(members[0]) as opened:
                found = opened.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
        raise _unreadable("is a damaged or encrypted ZIP file") from None
    if len(found) > most:
        raise _unreadable(f"unpacks to more than {most} bytes")
    return found


def _unreadable(wrong: str) -> Unreadable:
    return Unreadable(Mistake(1, 1, wrong))
