"""Who is asking, and what does that make them?"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b

from app.store import Actor
from app.values import CustomerId, LocationCode, PrincipalKind


@dataclass(frozen=True)
class Principal:
    """Somebody who has proved who they are, or a guest.

    `subject` is what `issuer` calls them: personal data, kept out of messages, logs and traces.
    `location` is where staff works. `email` and `phone` are theirs, as the issuer
    has proved. After `expires_at` they have to prove it again.
    """

    kind: PrincipalKind
    issuer: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)
    roles: frozenset[str] = frozenset()
    location: LocationCode | None = None
    expires_at: datetime | None = None
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)

    @cached_property
    def pseudonym(self) -> str:
        """The same for the same one, and nothing that tells who it is."""
        told = f"{self.kind}\0{self.issuer}\0{self.subject}".encode()
        return blake2b(told, digest_size=12).hexdigest()

    @property
    def actor(self) -> Actor | None:
        """Who it is in the audit log; None for guests."""
        return None if self.kind is PrincipalKind.GUEST else Actor(self.kind, self.pseudonym)


GUEST = Principal(PrincipalKind.GUEST)


@dataclass(slots=True, eq=False)
class Viewer:
    """On whose behalf what is somebody's own is looked at, or changed.

    `selves` are all ids of a customer who has signed in; `house`: staff, or an operator; `partner`
    is the name of one that sells for the house. As long as there is a `sign_in` the store has not
    been asked yet whose it is: whatever reads an object that is somebody's asks in the same
    transaction (`app.customers.viewing`), and once a request.
    """

    selves: frozenset[CustomerId] = frozenset()
    house: bool = False
    partner: str | None = None
    sign_in: str | None = None

    def owns(self, owner: CustomerId | None) -> bool:
        """Whether something is theirs; what is nobody's is not.

        Raises:
            RuntimeError: the store was not asked who they are.
        """
        if owner is None or self.house:
            return False
        if self.sign_in is not None:
            raise RuntimeError("nobody has asked who has signed in")
        return owner in self.selves

    def may_see(self, *, customer: CustomerId | None, partner: str | None) -> bool:
        """Whether something of a customer's, or that a partner sold, is theirs or the house's."""
        return self.house or self.sold(partner) or self.owns(customer)

    def sold(self, partner: str | None) -> bool:
        """Whether what this partner sold is theirs."""
        return partner is not None and partner == self.partner

    def may_use(self, owner: CustomerId | None) -> bool:
        """Whether they may use what is found by an id that cannot be guessed."""
        return owner is None or self.house or self.owns(owner)


ANYBODY = Viewer()
THE_HOUSE = Viewer(house=True)
