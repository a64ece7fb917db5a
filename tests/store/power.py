"""A disk that can lose power: what SQLite wrote and did not sync may be gone, or half there.

It stands where SQLite's own code for files does (a VFS), in the very library that Python's
`sqlite3` uses, so that the real store runs on it with all its statements and settings. Every write
goes to the real file as well. A cut is an image of what the disk might have held at that moment:
what was synced, and of everything later any part, in sectors of 512 bytes.
"""

import _sqlite3
import ctypes
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

NAME = "power"
SECTOR = 512  # bytes that are written or not
OK = 0


class Write(NamedTuple):
    """Bytes at a place; none and a place: the file ends there."""

    at: int
    data: bytes | None


class Cut(NamedTuple):
    """What was found after a cut: files by name, and what a witness knew at that moment."""

    files: dict[str, bytes]
    known: Any


@dataclass
class Disk:
    """What is synced of each file, and what is not; it is cut at every so many-th write or sync."""

    dice: random.Random
    every: float
    witness: Callable[[], Any] | None = None
    cuts: list[Cut] = field(default_factory=list)
    _synced: dict[str, bytearray] = field(default_factory=dict)
    _waiting: dict[str, list[Write]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wrote(self, path: str, write: Write) -> None:
        """It is on its way, whenever it comes."""
        with self._lock:
            self._waiting.setdefault(path, []).append(write)
            self._perhaps_cut()

    def synced(self, path: str) -> None:
        """What was written is there to stay."""
        with self._lock:
            kept = self._synced.setdefault(path, bytearray())
            for write in self._waiting.pop(path, []):
                _put(kept, write)
            self._perhaps_cut()

    def deleted(self, path: str) -> None:
        """It is gone."""
        with self._lock:
            self._synced.pop(path, None)
            self._waiting.pop(path, None)

    def _perhaps_cut(self) -> None:
        if self.witness is None or self.dice.random() > self.every:
            return
        known = self.witness()
        paths = sorted({*self._synced, *self._waiting})
        self.cuts.append(Cut({Path(one).name: self._left(one) for one in paths}, known))

    def _left(self, path: str) -> bytes:
        left = bytearray(self._synced.get(path, b""))
        share = self.dice.choice([0.0, 0.5, 0.9])  # of what was not synced and came nevertheless
        for write in self._waiting.get(path, []):
            for sector in _sectors(write):
                if self.dice.random() < share:
                    _put(left, sector)
        return bytes(left)


def _put(file: bytearray, write: Write) -> None:
    if write.data is None:
        del file[write.at :]
        return
    file.extend(bytes(max(0, write.at - len(file))))
    file[write.at : write.at + len(write.data)] = write.data


def _sectors(write: Write) -> Iterator[Write]:
    if write.data is None:
        yield write
        return
    end = write.at + len(write.data)
    begin = write.at
    while begin < end:
        upto = min(end, begin - begin % SECTOR + SECTOR)
        yield Write(begin, write.data[begin - write.at : upto - write.at])
        begin = upto


class _File(Structure):
    _fields_ = (("methods", c_void_p),)


class _Vfs(Structure):
    pass


_OPEN = CFUNCTYPE(c_int, POINTER(_Vfs), c_void_p, POINTER(_File), c_int, POINTER(c_int))
_DELETE = CFUNCTYPE(c_int, POINTER(_Vfs), c_char_p, c_int)
_WRITE = CFUNCTYPE(c_int, POINTER(_File), c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, POINTER(_File), c_int64)
_SYNC = CFUNCTYPE(c_int, POINTER(_File), c_int)

_Vfs._fields_ = (
    ("version", c_int),
    ("file_size", c_int),
    ("longest_path", c_int),
    ("next", c_void_p),
    ("name", c_char_p),
    ("data", c_void_p),
    ("open", _OPEN),
    ("delete", _DELETE),
    *((f"other{number}", c_void_p) for number in range(14)),  # from xAccess to xNextSystemCall
)


class _Methods(Structure):
    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        *((f"other{number}", c_void_p) for number in range(13)),  # from xFileSize to xUnfetch
    )


class _Shim:
    """SQLite's own VFS, with those of its functions replaced that change a file."""

    def __init__(self, library: Any, disk: Disk) -> None:
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        self._own = library.sqlite3_vfs_find(None)
        self._disk = disk
        self._paths: dict[int, str] = {}
        self._methods: dict[int, _Methods] = {}  # by the address of the real ones
        self.vfs = _Vfs.from_buffer_copy(self._own.contents)
        self.vfs.next, self.vfs.name = None, NAME.encode()
        self.vfs.open, self.vfs.delete = _OPEN(self._open), _DELETE(self._delete)

    def _open(self, _vfs: Any, name: int | None, file: Any, flags: int, told: Any) -> int:
        done: int = self._own.contents.open(self._own, name, file, flags, told)
        if done == OK and name is not None:
            path = ctypes.string_at(name).decode()
            self._paths[ctypes.addressof(file.contents)] = path
            methods = self._recording(file.contents.methods)
            file.contents.methods = ctypes.addressof(methods)
        return done

    def _delete(self, _vfs: Any, name: bytes, sync: int) -> int:
        self._disk.deleted(name.decode())
        done: int = self._own.contents.delete(self._own, name, sync)
        return done

    def _recording(self, address: int) -> _Methods:
        if address in self._methods:
            return self._methods[address]
        real = _Methods.from_address(address)
        methods = _Methods.from_buffer_copy(real)

        def write(file: Any, data: int, size: int, at: int) -> int:
            self._disk.wrote(self._path(file), Write(at, ctypes.string_at(data, size)))
            return int(real.write(file, data, size, at))

        def truncate(file: Any, size: int) -> int:
            self._disk.wrote(self._path(file), Write(size, None))
            return int(real.truncate(file, size))

        def sync(file: Any, flags: int) -> int:
            done = int(real.sync(file, flags))
            if done == OK:
                self._disk.synced(self._path(file))
            return done

        methods.write, methods.truncate, methods.sync = (
            _WRITE(write),
            _TRUNCATE(truncate),
            _SYNC(sync),
        )
        self._methods[address] = methods
        return methods

    def _path(self, file: Any) -> str:
        return self._paths[ctypes.addressof(file.contents)]


@contextmanager
def powered(disk: Disk) -> Iterator[None]:
    """As long as the block lasts, addresses with `?vfs=power` are on this disk."""
    library = ctypes.CDLL(_sqlite3.__file__)  # the library is found through what is linked to it
    shim = _Shim(library, disk)
    assert library.sqlite3_vfs_register(ctypes.byref(shim.vfs), 0) == OK
    try:
        yield
    finally:
        library.sqlite3_vfs_unregister(ctypes.byref(shim.vfs))


def address(path: Path) -> str:
    """Of a store on the disk."""
    return f"sqlite:///file:{path}?vfs={NAME}&uri=true"
