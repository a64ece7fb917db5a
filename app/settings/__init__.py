"""What may a deployment decide? One file, read once, passed on as narrow values."""

from app.settings.accessing import Access, Algorithm, Issuer
from app.settings.appointing import AppointmentKind, Appointments, Team
from app.settings.caching import Cache
from app.settings.explaining import explain, unknown
from app.settings.file import Settings, load, parse
from app.settings.following import Events
from app.settings.grouping import CustomerGroup
from app.settings.guarding import Budget, Documents, Points, Redis
from app.settings.hooking import Begin, Hearing, Scheme, Told, Webhook
from app.settings.marketing import Market, UnknownStock
from app.settings.ordering import Orders
from app.settings.partnering import Partner
from app.settings.pricing import PriceList, Pricing, Promotion
from app.settings.projecting import Projection
from app.settings.promising import (
    CarrierService,
    Cell,
    Fence,
    Lane,
    Promises,
    Signing,
    Transfers,
    Workplace,
)
from app.settings.retail import Bindings, Channel, Connection, Location
from app.settings.rewarding import Burning, Earning, Loyalty, Tier
from app.settings.secrets import secret
from app.settings.selling import Carts
from app.settings.serving import (
    CatalogueWindows,
    Cors,
    Execution,
    Freshness,
    Log,
    PriceWindows,
    Requests,
    Server,
    Statuses,
    StockWindows,
    Windows,
)
from app.settings.storing import Store
from app.settings.streaming import Streams
from app.settings.words import Network

__all__ = [
    "Access",
    "Algorithm",
    "AppointmentKind",
    "Appointments",
    "Begin",
    "Bindings",
    "Budget",
    "Burning",
    "Cache",
    "CarrierService",
    "Carts",
    "CatalogueWindows",
    "Cell",
    "Channel",
    "Connection",
    "Cors",
    "CustomerGroup",
    "Documents",
    "Earning",
    "Events",
    "Execution",
    "Fence",
    "Freshness",
    "Hearing",
    "Issuer",
    "Lane",
    "Location",
    "Log",
    "Loyalty",
    "Market",
    "Network",
    "Orders",
    "Partner",
    "Points",
    "PriceList",
    "PriceWindows",
    "Pricing",
    "Projection",
    "Promises",
    "Promotion",
    "Redis",
    "Requests",
    "Scheme",
    "Server",
    "Settings",
    "Signing",
    "Statuses",
    "StockWindows",
    "Store",
    "Streams",
    "Team",
    "Tier",
    "Told",
    "Transfers",
    "UnknownStock",
    "Webhook",
    "Windows",
    "Workplace",
    "explain",
    "load",
    "parse",
    "secret",
    "unknown",
]
