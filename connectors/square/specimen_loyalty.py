"""The loyalty programme in miniature: accounts with events, and rewards that lock points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.ports import MemberKey, MemberReference
from connectors.kit.specimen import Effect, LoyaltySpecimen
from connectors.square.specimen_desk import (
    NOT_FOUND,
    NOW,
    Body,
    Json,
    Keys,
    RefusedError,
    cut,
    stamp,
)
from connectors.square.specimen_shop import CORK, DUBLIN

PROGRAM, TIER, BIG_TIER = "PROGRAM-1", "TIER-10", "TIER-50"
KEYS_PER_SEARCH = 30
ALICE, BASIL, CHLOE = "+353850000001", "+353850000002", "+353850000003"
NEWCOMER = "+353850000099"
Handler = Callable[..., Json]

MAIN: Json = {
    "id": PROGRAM,
    "status": "ACTIVE",
    "reward_tiers": [
        {
            "id": own,
            "points": points,
            "name": name,
            "created_at": NOW,
            "pricing_rule_reference": {"object_id": f"RULE-{points}", "catalog_version": 1},
        }
        for own, points, name in ((TIER, 10, "5 euros off"), (BIG_TIER, 50, "30 euros off"))
    ],
    "terminology": {"one": "Point", "other": "Points"},
    "location_ids": [DUBLIN, CORK],
    "created_at": NOW,
    "updated_at": NOW,
    "accrual_rules": [
        {
            "accrual_type": "SPEND",
            "points": 1,
            "spend_data": {
                "amount_money": {"amount": 100, "currency": "EUR"},
                "tax_mode": "AFTER_TAX",
            },
        }
    ],
}


@dataclass
class Account:
    """One member."""

    id: str
    phone: str
    customer: str | None = None
    balance: int = 0
    lifetime: int = 0
    deadlines: list[Json] = field(default_factory=list)

    def told(self) -> Json:
        """As Square tells it."""
        known = {} if self.customer is None else {"customer_id": self.customer}
        expiring = {"expiring_point_deadlines": self.deadlines} if self.deadlines else {}
        mapping = {"id": f"M-{self.id}", "created_at": NOW, "phone_number": self.phone}
        return {
            "id": self.id,
            "program_id": PROGRAM,
            "balance": self.balance,
            "lifetime_points": self.lifetime,
            "enrolled_at": NOW,
            "created_at": NOW,
            "updated_at": NOW,
            "mapping": mapping,
            **known,
            **expiring,
        }


class TinyProgram:
    """Answers about points."""

    def __init__(self, page: int = 1000) -> None:
        self._page = page
        self._keys = Keys()
        self.main = MAIN
        soon = [{"points": 20, "expires_at": "2027-01-31T23:59:59Z"}]
        members = (
            Account("ACCOUNT-1", ALICE, "CUSTOMER-1", 120, 300, soon),
            Account("ACCOUNT-2", BASIL, "CUSTOMER-2", 7, 7),
            Account("ACCOUNT-3", CHLOE, None, 0, 45),
        )
        self.accounts = {one.id: one for one in members}
        self.rewards: dict[str, Json] = {}
        self.events: list[Json] = []
        for one in members:
            self._note(one, "ADJUST_POINTS", {"points": one.lifetime, "reason": "Brought over"})
        self.handlers: Mapping[tuple[str, str], Handler] = {
            ("GET", "/v2/loyalty/programs/main"): lambda _: {"program": self.main},
            ("POST", "/v2/loyalty/accounts"): self._join,
            ("POST", "/v2/loyalty/accounts/search"): self._search,
            ("POST", "/v2/loyalty/accounts/{account_id}/accumulate"): self._accumulate,
            ("POST", "/v2/loyalty/accounts/{account_id}/adjust"): self._adjust,
            ("POST", "/v2/loyalty/events/search"): self._events,
            ("POST", "/v2/loyalty/rewards"): self._make,
            ("POST", "/v2/loyalty/rewards/search"): self._rewards,
            ("GET", "/v2/loyalty/rewards/{reward_id}"): self._reward,
            ("DELETE", "/v2/loyalty/rewards/{reward_id}"): self._delete,
            ("POST", "/v2/loyalty/rewards/{reward_id}/redeem"): self._redeem,
        }

    def locked(self, account: Account) -> int:
        """The points of an account that its rewards lock."""
        own = (one for one in self.rewards.values() if one["loyalty_account_id"] == account.id)
        return sum(one["points"] for one in own if one["status"] == "ISSUED")

    def _search(self, asked: Body) -> Json:
        query = asked.get("query", {})
        phones = [one["phone_number"] for one in query.get("mappings", ())]
        customers = query.get("customer_ids", ())
        if phones and customers:
            raise RefusedError("CONFLICTING_PARAMETERS")
        if max(len(phones), len(customers)) > KEYS_PER_SEARCH:
            raise RefusedError("ARRAY_LENGTH_TOO_LONG")
        if any(not phone.startswith("+") for phone in phones):
            raise RefusedError("INVALID_PHONE_NUMBER")
        found = [
            one.told()
            for one in self.accounts.values()
            if one.phone in phones or (one.customer is not None and one.customer in customers)
        ]
        return self._cut(found, asked, "loyalty_accounts", most=200)

    def _join(self, asked: Body) -> Json:
        def act() -> Json:
            wanted = asked["loyalty_account"]
            phone = wanted["mapping"]["phone_number"]
            if wanted["program_id"] != PROGRAM:
                raise RefusedError("NOT_FOUND", status=NOT_FOUND)
            if phone in {one.phone for one in self.accounts.values()}:
                raise RefusedError("BAD_REQUEST")
            made = Account(f"ACCOUNT-{len(self.accounts) + 1}", phone, f"CUSTOMER-OF-{phone[1:]}")
            self.accounts[made.id] = made
            return {"loyalty_account": made.told()}

        return self._keys.once("accounts", asked, act)

    def _accumulate(self, asked: Body, own: str) -> Json:
        def act() -> Json:
            account, points = self._account(own), asked["accumulate_points"]["points"]
            if asked["location_id"] not in self.main["location_ids"]:
                raise RefusedError("BAD_REQUEST")
            account.balance += points
            account.lifetime += points
            place = asked["location_id"]
            return {"events": [self._note(account, "ACCUMULATE_POINTS", {"points": points}, place)]}

        return self._keys.once(f"accumulate {own}", asked, act)

    def _adjust(self, asked: Body, own: str) -> Json:
        def act() -> Json:
            account, change = self._account(own), asked["adjust_points"]
            self._take(account, -change["points"])
            account.lifetime += max(0, change["points"])
            return {"event": self._note(account, "ADJUST_POINTS", change)}

        return self._keys.once(f"adjust {own}", asked, act)

    def _make(self, asked: Body) -> Json:
        def act() -> Json:
            wanted = asked["reward"]
            account = self._account(wanted["loyalty_account_id"])
            tiers = {one["id"]: one["points"] for one in self.main["reward_tiers"]}
            if (points := tiers.get(wanted["reward_tier_id"])) is None:
                raise RefusedError("NOT_FOUND", status=NOT_FOUND)
            self._take(account, points)
            own = f"REWARD-{len(self.rewards) + 1}"
            self.rewards[own] = {
                "id": own,
                "status": "ISSUED",
                "loyalty_account_id": account.id,
                "reward_tier_id": wanted["reward_tier_id"],
                "points": points,
                "created_at": stamp(),
                "updated_at": stamp(),
            }
            self._note(account, "CREATE_REWARD", {"reward_id": own, "points": -points})
            return {"reward": dict(self.rewards[own])}

        return self._keys.once("rewards", asked, act)

    def _redeem(self, asked: Body, own: str) -> Json:
        def act() -> Json:
            reward = self._locking(own)
            reward.update(status="REDEEMED", redeemed_at=stamp(), updated_at=stamp())
            account = self._account(reward["loyalty_account_id"])
            place = asked["location_id"]
            return {"event": self._note(account, "REDEEM_REWARD", {"reward_id": own}, place)}

        return self._keys.once(f"redeem {own}", asked, act)

    def _delete(self, _asked: Body, own: str) -> Json:
        reward = self._locking(own)
        reward.update(status="DELETED", updated_at=stamp())
        account = self._account(reward["loyalty_account_id"])
        account.balance += reward["points"]
        self._note(account, "DELETE_REWARD", {"reward_id": own, "points": reward["points"]})
        return {}

    def _reward(self, _asked: Body, own: str) -> Json:
        if own not in self.rewards:
            raise RefusedError("NOT_FOUND", status=NOT_FOUND)
        return {"reward": self.rewards[own]}

    def _rewards(self, asked: Body) -> Json:
        query = asked["query"]
        found = [
            one
            for one in reversed(self.rewards.values())
            if one["loyalty_account_id"] == query["loyalty_account_id"]
            and one["status"] == query.get("status", one["status"])
        ]
        return self._cut(found, asked, "rewards", most=30)

    def _events(self, asked: Body) -> Json:
        wanted = asked["query"]["filter"]["loyalty_account_filter"]["loyalty_account_id"]
        found = [one for one in reversed(self.events) if one["loyalty_account_id"] == wanted]
        return self._cut(found, asked, "events", most=30)

    def _account(self, own: str) -> Account:
        if own not in self.accounts:
            raise RefusedError("NOT_FOUND", status=NOT_FOUND)
        return self.accounts[own]

    def _locking(self, own: str) -> Json:
        if self._reward({}, own)["reward"]["status"] != "ISSUED":
            raise RefusedError("BAD_REQUEST")
        return self.rewards[own]

    def _take(self, account: Account, points: int) -> None:
        if account.balance < points:
            raise RefusedError("BAD_REQUEST")
        account.balance -= points

    def _note(self, account: Account, kind: str, told: Any, place: str | None = None) -> Json:
        at = {} if place is None else {"location_id": place}
        event = {
            "id": f"EVENT-{len(self.events) + 1}",
            "type": kind,
            "created_at": stamp(),
            "loyalty_account_id": account.id,
            "source": "LOYALTY_API",
            kind.lower(): {"loyalty_program_id": PROGRAM, **told},
            **at,
        }
        self.events.append(event)
        return event

    def _cut(self, rows: list[Json], asked: Body, name: str, *, most: int) -> Json:
        if asked.get("limit", most) > most:
            raise RefusedError("VALUE_TOO_HIGH")
        shorter = {**asked, "limit": min(asked.get("limit", most), self._page)}
        return cut(rows, shorter, name=name, most=most)


def _held(app: Any) -> list[Effect]:
    """What the first member and the newcomer have, past the connector."""
    program: TinyProgram = app.state.square.loyalty
    watched = (one for one in program.accounts.values() if one.phone in {ALICE, NEWCOMER})
    return [(one.phone, (one.balance, program.locked(one))) for one in watched]


def loyalty_specimen() -> LoyaltySpecimen:
    """The members that the suites ask for."""
    return LoyaltySpecimen(
        keys=(
            MemberKey("phone", ALICE),
            MemberKey("phone", CHLOE),
            MemberKey("customer", "CUSTOMER-2"),
        ),
        member=MemberReference("ACCOUNT-1"),
        available=120,
        redeemable=10,
        newcomer=MemberKey("phone", NEWCOMER),
        held=_held,
    )
