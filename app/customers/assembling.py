"""Which connections recognise customers? As the settings bind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.customers.directories import Directories, Directory
from app.customers.forgetting import Keeper
from app.customers.history import OwnOrders, PurchaseService
from app.customers.linking import Joiner, Linking
from app.customers.privacy_service import PrivacyService
from app.customers.privacy_working import PrivacyWorker
from app.customers.profiles import Profiles
from app.customers.service import CustomerService
from app.ports import CustomerDirectory, PurchaseHistory
from app.settings import Bindings
from app.store import Store
from app.upstream.registry import Connections, port_of


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everything about customers: who they are, what they say, bought, and want of their data."""

    known: CustomerService
    linking: Linking
    profiles: Profiles
    purchases: PurchaseService
    privacy: PrivacyService


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What other nouns have of people, and do when they turn out to be one."""

    orders: OwnOrders
    keepers: Sequence[Keeper]
    joiners: Sequence[Joiner] = ()


def people_over(
    bind: Bindings,
    connections: Connections,
    store: Store,
    now: Callable[[], datetime],
    *,
    others: Others,
) -> People:
    """Customers kept in a store, over the connections that the settings bind.

    Raises:
        MisconfiguredError: one of them does not have the port.
    """
    directories = Directories({name: _directory(connections, name) for name in bind.customers})
    worker = PrivacyWorker(store=store, directories=directories, keepers=others.keepers, now=now)
    return People(
        known=CustomerService(store),
        linking=Linking(store=store, directories=directories, now=now, joiners=others.joiners),
        profiles=Profiles(store=store, now=now),
        purchases=PurchaseService(directories=directories, orders=others.orders),
        privacy=PrivacyService(store=store, directories=directories, worker=worker, now=now),
    )


def _directory(connections: Connections, name: str) -> Directory:
    connection = connections[name]
    return Directory(
        connection=name,
        port=port_of(connections, name, CustomerDirectory),
        history=connection.port if isinstance(connection.port, PurchaseHistory) else None,
        timeout=connection.configured.timeout,
    )
