"""Where is the connector tried against the real Tryton? At a desk with an overheard line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.ports import UpstreamHttp, WireRequest, WireResponse, Wiring
from app.upstream.client import ClientPolicy, open_client
from connectors.tryton import Settings, connect
from connectors.tryton.connection import TrytonConnection
from connectors.tryton.rpc import Rpc
from tests.real.tryton.server import TrytonServer

LOGIN = ["login", "preferences"]
PATIENT = ClientPolicy(timeout=timedelta(seconds=20))  # refused logins are answered late


@dataclass
class Line:
    """The guarded client, overheard."""

    http: UpstreamHttp
    operations: list[str] = field(default_factory=list)
    session: str = ""

    async def send(self, request: WireRequest) -> WireResponse:
        self.operations.append(request.operation)
        self.session = request.headers.get("authorization", "")
        return await self.http.send(request)


@dataclass(frozen=True)
class Desk:
    erp: TrytonConnection
    rpc: Rpc
    line: Line


@asynccontextmanager
async def desk_at(server: TrytonServer, **settings: object) -> AsyncIterator[Desk]:
    told = {
        "url": server.url,
        "database": server.database,
        "username": server.username,
        "password": server.password,
    }
    async with open_client("erp", server.url, policy=PATIENT) as http:
        line = Line(http)
        wiring = Wiring(name="erp", http=line, now=lambda: datetime.now(UTC))
        valid = Settings.model_validate({**told, **settings})
        yield Desk(connect(valid, wiring), Rpc(line, valid, now=wiring.now), line)
