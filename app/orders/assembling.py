"""Which connections carry out orders and move money? As the settings bind them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.orders.cadence import Cadence
from app.orders.charging import Charging
from app.orders.incoming import IncomingOrders
from app.orders.looking import OrderFollower
from app.orders.service import OrderService
from app.orders.sourcing import Finder, Sourcing
from app.orders.steps import Steps
from app.orders.turns import LEASE, Turns
from app.orders.working import OrderWorker
from app.ports import OrderSink, PaymentProvider
from app.settings import Bindings
from app.store import Store
from app.upstream.handing import HandingDesk
from app.upstream.paying import PaymentDesk
from app.upstream.registry import Connections, port_of

CALLS = 3  # of one step, one after the other


@dataclass(frozen=True, slots=True)
class Orders:
    """What places orders, what works on them beside, and what takes over those of others."""

    service: OrderService
    worker: OrderWorker
    follower: OrderFollower
    turns: Turns
    incoming: IncomingOrders


def orders_over(
    bind: Bindings,
    connections: Connections,
    store: Store,
    now: Callable[[], datetime],
    finder: Callable[..., Finder],
    cadence: Cadence,
) -> Orders:
    """Orders kept in a store, over the connections that the settings bind; followed at a `cadence`.

    The `finder` knows where else units are that a sink refuses; it is made of the `route` to sinks
    and of the time `within` which it has asked others.

    Raises:
        MisconfiguredError: one of them does not have the port.
    """
    sinks = {
        name: HandingDesk(
            connection=name,
            sink=port_of(connections, name, OrderSink),
            timeout=connections[name].configured.timeout,
        )
        for name in bind.orders
    }
    desk = None if bind.payments is None else _payment_desk(connections, bind.payments)
    asked = {*bind.orders, *bind.stock, *([bind.payments] if bind.payments else ())}
    limits = [connections[name].configured.timeout for name in asked]
    lasting = max(LEASE, CALLS * max(limits, default=timedelta()) + timedelta(seconds=1))
    turns = Turns(store=store, now=now, lasting=lasting, cadence=cadence)
    charging = Charging(turns=turns, desk=desk)
    route = bind.order_sink
    sourcing = Sourcing(turns=turns, route=route, finder=finder(route=route, within=lasting / 2))
    steps = Steps(turns=turns, sinks=sinks, charging=charging, sourcing=sourcing)
    worker = OrderWorker(turns=turns, steps=steps)
    service = OrderService(store, turns, worker, route=route, charged=desk is not None)
    incoming = IncomingOrders(store, turns, worker, service=service, route=route)
    follower = OrderFollower(turns=turns, sinks=sinks, worker=worker)
    return Orders(service, worker, follower, turns, incoming)


def _payment_desk(connections: Connections, name: str) -> PaymentDesk:
    return PaymentDesk(
        connection=name,
        provider=port_of(connections, name, PaymentProvider),
        timeout=connections[name].configured.timeout,
    )
