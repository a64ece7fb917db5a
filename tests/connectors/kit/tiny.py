"""A tiny vendor and a healthy connector to it, to be broken on purpose."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import orjson
from pydantic import BaseModel, ConfigDict, SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.errors import UpstreamBroken
from app.ports import (
    Answer,
    ConnectorPackage,
    Manifest,
    StockLevel,
    WireRequest,
    Wiring,
)
from app.values import LocationCode, Sku
from connectors.kit.conformance import Subject
from connectors.kit.rows import answer, json_body, list_at
from connectors.kit.session import Session
from connectors.kit.specimen import Asgi, Specimen

COUNTED_AT = "2026-05-04T10:00:00+00:00"
PIECES = {"MUG": 4, "PEN": 0, "TENT": 2}
PER_CALL = 2
PASSWORD = "open sesame"


async def _login(request: Request) -> Response:
    if (await request.json()).get("password") != PASSWORD:
        return JSONResponse({"error": "no"}, status_code=401)
    return JSONResponse({"token": "t-1"})


async def _stock(request: Request) -> Response:
    if request.headers.get("authorization") != "Bearer t-1":
        return JSONResponse({"error": "no"}, status_code=401)
    asked = request.query_params.getlist("item")
    if len(asked) > PER_CALL:
        return JSONResponse({"error": "too many"}, status_code=400)
    rows = [
        {"item": item, "shop": "North", "pieces": PIECES[item], "counted": COUNTED_AT}
        for item in asked
        if item in PIECES
    ]
    return JSONResponse({"rows": rows})


def tiny_app() -> Asgi:
    """The vendor: a login, and stock of at most two items a call."""
    routes = [Route("/login", _login, methods=["POST"]), Route("/stock", _stock)]
    return cast("Asgi", Starlette(routes=routes))


class TinySettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str
    password: SecretStr


@dataclass
class TinyConnection:
    """Fulfils `StockSource`. Each step is a method, so that a test can spoil one of them."""

    settings: TinySettings
    wiring: Wiring
    per_call: ClassVar[int] = PER_CALL
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.session = Session(self.log_in, now=self.wiring.now)

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        wanted = list(dict.fromkeys(skus))
        batches = [wanted[at : at + self.per_call] for at in range(0, len(wanted), self.per_call)]
        answers = [await self.session.call(partial(self.fetch, skus=batch)) for batch in batches]
        return self.merged(answers, set(skus), set(locations))

    def merged(
        self, answers: list[Answer[StockLevel]], skus: set[Sku], locations: set[LocationCode]
    ) -> Answer[StockLevel]:
        levels = {
            (level.sku, level.location): level
            for one in answers
            for level in one.rows
            if level.sku in skus and level.location in locations
        }
        return Answer(
            rows=tuple(levels.values()),
            as_of=min((one.as_of for one in answers), default=self.wiring.now()),
            rejected=tuple(row for one in answers for row in one.rejected),
        )

    async def log_in(self) -> str:
        body = orjson.dumps({"password": self.settings.password.get_secret_value()})
        request = WireRequest(operation="login", method="POST", path="/login", safe=True, body=body)
        document = json_body(await self.wiring.http.send(request))
        token = document.get("token") if isinstance(document, Mapping) else None
        if not isinstance(token, str):
            raise UpstreamBroken("the login gave no token")
        return token

    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        response = await self.wiring.http.send(self.request(token, skus))
        return self.read(list_at(json_body(response), "rows"), response.date)

    def request(self, token: str, skus: list[Sku]) -> WireRequest:
        return WireRequest(
            operation="stock",
            method="GET",
            path="/stock",
            safe=True,
            query=[("item", sku) for sku in skus],
            headers={"authorization": f"Bearer {token}"},
        )

    def read(self, rows: list[Any], at: datetime) -> Answer[StockLevel]:
        return answer(rows, self.level, as_of=at, reference=lambda row: row["item"])

    def level(self, row: Any) -> StockLevel:
        codes = {name: code for code, name in self.wiring.locations.items()}
        if type(row["pieces"]) is not int:
            raise TypeError("pieces: not a whole number")
        return StockLevel(
            sku=Sku(row["item"]),
            location=codes.get(row["shop"], LocationCode(row["shop"])),
            on_hand=row["pieces"],
            as_of=datetime.fromisoformat(row["counted"]),
        )


def a_specimen(**changes: Any) -> Specimen:
    words: dict[str, Any] = {
        "label": "shop",
        "app": tiny_app,
        "settings": {"password": PASSWORD},
        "ports": frozenset({"StockSource"}),
        "skus": (Sku("MUG"), Sku("PEN"), Sku("TENT")),
        "locations": {LocationCode("MXP-1"): "North"},
    }
    return Specimen(**{**words, **changes})


def a_manifest(**changes: Any) -> Manifest:
    words: dict[str, Any] = {
        "name": "tiny",
        "title": "Tiny",
        "kind": "pos",
        "owners": ["stores"],
        "upstream_api": "v1",
        "provides": {"StockSource": "stable"},
        "freshness": {"StockSource": {"by": "pull", "usual_age": "PT5M"}},
        "limits": {"ids_per_call": PER_CALL},
        "quality": {"tier": "bronze"},
    }
    return Manifest.model_validate({**words, **changes})


def a_subject(
    connection: Callable[[TinySettings, Wiring], object] = TinyConnection,
    *,
    specimen: Specimen | None = None,
    manifest: Manifest | None = None,
) -> Subject:
    package = SimpleNamespace(Settings=TinySettings, connect=connection)
    return Subject(
        manifest=manifest or a_manifest(),
        package=cast("ConnectorPackage", package),
        specimens=(specimen or a_specimen(),),
    )
