"""Which connections recognise customers? As the settings bind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.customers.directories import Directories, Directory
from app.customers.forgetting import Keeper
from app.customers.groups import Groups, readers_over
from app.customers.history import OwnOrders, PurchaseService
from app.customers.linking import Joiner, Linking
from app.customers.privacy_service import PrivacyService
from app.customers.privacy_working import PrivacyWorker
from app.customers.profiles import Profiles
from app.customers.service import CustomerService
from app.ports import CustomerDirectory, PurchaseHistory
from app.settings import Bindings, Settings
from app.store import Store
from app.upstream.reader import FreshnessPolicy
from app.upstream.registry import Connections, port_of


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everything about customers: who they are, what they say, bought, and want of their data."""

    known: CustomerService
    linking: Linking
    profiles: Profiles
    purchases: PurchaseService
    groups: Groups
    privacy: PrivacyService


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What other nouns have of people, and do when they turn out to be one."""

    orders: OwnOrders
    keepers: Sequence[Keeper]
    joiners: Sequence[Joiner] = ()


def groups_over(
    settings: Settings,
    connections: Connections,
    store: Store,
    now: Callable[[], datetime],
    *,
    policy: FreshnessPolicy,
) -> Groups:
    """Groups of customers, over the connections that have some of their own.

    `policy` is how long it counts what they have said.

    Raises:
        MisconfiguredError: one of them does not have the port.
    """
    healths = {name: connections[name].health for name in settings.bind.customers}
    directories = directories_over(settings.bind, connections)
    readers = readers_over(directories, settings.groups, healths, policy)
    return Groups(store=store, known=settings.groups, readers=readers, now=now)


def directories_over(bind: Bindings, connections: Connections) -> Directories:
    """The connections whose customers are recognised.

    Raises:
        MisconfiguredError: one of them does not have the port.
    """
    return Directories({name: _directory(connections, name) for name in bind.customers})


def people_over(
    bind: Bindings,
    connections: Connections,
    store: Store,
    now: Callable[[], datetime],
    *,
    groups: Groups,
    others: Others,
) -> People:
    """Customers kept in a store, over the connections that the settings bind.

    Raises:
        MisconfiguredError: one of them does not have the port.
    """
    directories = directories_over(bind, connections)
    worker = PrivacyWorker(store=store, directories=directories, keepers=others.keepers, now=now)
    return People(
        known=CustomerService(store),
        linking=Linking(store=store, directories=directories, now=now, joiners=others.joiners),
        profiles=Profiles(store=store, now=now),
        purchases=PurchaseService(directories=directories, orders=others.orders),
        groups=groups,
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
