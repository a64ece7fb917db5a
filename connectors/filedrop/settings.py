"""What must be agreed with a partner before files can go to and fro?"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from connectors.filedrop.sections import Dates, Dialect, Documents, Format, Numbering, Section
from connectors.filedrop.selling_settings import Listings, Sales

EMBEDDED = "embedded"
ADDRESSES = ("http://", "https://")
MEGABYTE = 1_000_000
StockColumn = Literal["sku", "on_hand", "place", "reserved", "damaged", "as_of"]
AnswerColumn = Literal["number", "state", "reference", "as_of"]
State = Literal["ACCEPTED", "REFUSED", "RECEIVED", "COMPLETED", "CANCELLED"]


def _plain(folder: str) -> str:
    if any(step in {"", ".", ".."} for step in folder.split("/")) or "\\" in folder:
        raise ValueError("must be a relative folder, without '.' and '..'")
    return folder


FolderName = Annotated[str, AfterValidator(_plain)]


class Sftp(Section):
    """A server that speaks SFTP.

    `known_hosts` is what an OpenSSH file of that name holds: at least one line for the server. It
    is not a secret. `root` is the folder that holds all others; None is where a login arrives.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65535)
    user: str = Field(min_length=1)
    known_hosts: str
    root: str | None = None
    timeout: timedelta = Field(default=timedelta(seconds=20), gt=timedelta())

    @field_validator("known_hosts")
    @classmethod
    def _pinned(cls, value: str) -> str:
        lines = [line.strip() for line in value.splitlines()]
        if not any(line and not line.startswith("#") for line in lines):
            raise ValueError(
                "must hold the server's host key, as `ssh-keyscan` prints it; have the partner "
                "confirm its fingerprint by another way"
            )
        return value


class Folders(Section):
    """Where files are, below one root. `records` are ours alone; the partner needs no right to it.

    All must be on one file system of the server, so that a file moves in one step.
    """

    inbox: FolderName = "in"
    outbox: FolderName = "out"
    archive: FolderName = "archive"
    rejected: FolderName = "rejected"
    records: FolderName = "records"

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = list(self.model_dump().values())
        if len(set(names)) != len(names):
            raise ValueError("must be five different folders")
        return self


class Pickup(Section):
    """When is a file there as a whole?

    `name`: once it has lost the ending that says that it is still being written. `marker`: once a
    file of the same name with the ending `marker`, added or in place of its own, is beside it.
    `stable`: once its size and time have not changed for `settled`.
    """

    by: Literal["name", "marker", "stable"] = "name"
    unfinished: tuple[str, ...] = (".part", ".tmp", ".filepart", ".writing")
    marker: str = Field(default=".done", min_length=2, pattern=r"^\.")
    settled: timedelta = Field(default=timedelta(seconds=30), gt=timedelta())


class Limits(Section):
    """What is read at most; `bytes` also bounds what a compressed file unpacks to."""

    bytes: int = Field(default=50 * MEGABYTE, ge=1)
    rows: int = Field(default=1_000_000, ge=1)


class Stock(Section):
    """How stock comes.

    `full` and `delta` are patterns of file names. A full file replaces all that was known before;
    it is refused when it names less than the share 1 - `loses_at_most` of the SKUs that were known.
    `place` is the location of files that name none. `bad_lines`: whether a line that cannot be read
    refuses its file, or is left out and told.
    """

    format: Format = "csv"
    full: tuple[str, ...] = ()
    delta: tuple[str, ...] = ()
    place: str | None = None
    numbered_by: Numbering = "buyer"
    loses_at_most: float = Field(default=0.5, ge=0, le=1)
    bad_lines: Literal["reject", "skip"] = "reject"
    dates: Dates = Dates()
    table: Dialect = Dialect()
    columns: Mapping[StockColumn, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if not self.full and not self.delta:
            raise ValueError("name the files: `full`, `delta` or both")
        if self.format == "csv" and not {"sku", "on_hand"} <= self.columns.keys():
            raise ValueError("columns must name those of `sku` and `on_hand`")
        dated = "as_of" in self.columns
        if self.format == "csv" and self.dates.by == "document" and not dated:
            raise ValueError("columns must name that of `as_of`, or dates be by `name`")
        if self.format == "csv" and "place" not in self.columns and self.place is None:
            raise ValueError("say `place`, or name its column")
        return self


class Orders(Documents):
    """How orders go out, and how the partner answers.

    `accepted_by`: whether an order is taken over once its file is there (`delivery`), or once a
    file of the partner's says so (`answer`). `answers` are patterns of file names of those.
    `states` are the partner's words in its tables. `answer_within` is how long an order waits for
    its answer before it is told as not known yet.
    """

    prefix: str = Field(default="order-", pattern=r"^[A-Za-z0-9_-]*$")
    accepted_by: Literal["answer", "delivery"] = "answer"
    answers: tuple[str, ...] = ()
    answer_within: timedelta = Field(default=timedelta(), ge=timedelta())
    columns: Mapping[AnswerColumn, str] = Field(default_factory=dict)
    states: Mapping[str, State] = Field(default_factory=dict)
    bad_lines: Literal["reject", "skip"] = "reject"

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.accepted_by == "answer" and not self.answers:
            raise ValueError("name the files of `answers`, or let orders be accepted by `delivery`")
        if self.answers and self.format == "csv":
            if not {"number", "state"} <= self.columns.keys() or not self.states:
                raise ValueError("columns must name those of `number` and `state`; say `states`")
            if self.dates.by == "document" and "as_of" not in self.columns:
                raise ValueError("columns must name that of `as_of`, or dates be by `name`")
        return self


class Settings(BaseModel):
    """One partner. `url` is `embedded`, or where a desk is already running.

    Either `folder`, a folder of this machine, or `sftp`, with a password or a private key. `every`
    is how often the inbox is looked into.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = EMBEDDED
    folder: str | None = None
    sftp: Sftp | None = None
    password: SecretStr | None = None
    private_key: SecretStr | None = None
    passphrase: SecretStr | None = None
    folders: Folders = Folders()
    pickup: Pickup = Pickup()
    limits: Limits = Limits()
    every: timedelta = Field(default=timedelta(seconds=30), gt=timedelta())
    stock: Stock | None = None
    orders: Orders | None = None
    listings: Listings | None = None
    sales: Sales | None = None

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.url != EMBEDDED and not self.url.startswith(ADDRESSES):
            raise ValueError("url must be `embedded`, or begin with https:// or http://")
        if (self.folder is None) == (self.sftp is None):
            raise ValueError("say either `folder` or `sftp`")
        if self.folder is not None and not self.folder.startswith("/"):
            raise ValueError("folder must be an absolute path")
        if self.sftp is not None and self.password is None and self.private_key is None:
            raise ValueError("sftp needs a `password` or a `private_key`")
        if not any((self.stock, self.orders, self.listings, self.sales)):
            raise ValueError("set up one of stock, orders, listings and sales, or several")
        return self
