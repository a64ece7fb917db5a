"""Shoppers book for themselves, staff for others, guests not at all; and what they are told."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.api.nodes import key_of
from app.main import utc_now
from app.store.tables import audit_entries
from tests.customers.shoppers import House, a_key, house, known_to_both, proved, shopper
from tests.staff import STAFF

ADA, EVE = shopper("ada"), shopper("eve")
APPOINTMENT = "id version location kind label startsAt endsAt state"
STARTS = """... on UnknownAppointmentKind { kinds } ... on AppointmentFull { nextStart }
  ... on AppointmentOutsideHours { nextStart } ... on AppointmentTooSoon { nextStart }
  ... on AppointmentTooFar { latest }"""
CONFLICT = "... on AppointmentVersionConflict { currentVersion }"
MORE = {
    "appointmentBook": STARTS,
    "appointmentMove": f"{STARTS} {CONFLICT}",
    "appointmentCancel": CONFLICT,
}
SLOTS = """query Q($location: LocationCode!, $kind: String!, $from: Date, $days: Int! = 7) {
  appointmentSlots(location: $location, kind: $kind, from: $from, days: $days) {
    startsAt endsAt left } }"""


async def did(at: House, by: dict[str, str], name: str, **given: Any) -> dict[str, Any]:
    """What came of a mutation."""
    kind = name[0].upper() + name[1:]
    text = f"""mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{ __typename
      ... on Problem {{ code message path }} {MORE[name]}
      ... on AppointmentChanged {{ appointment {{ {APPOINTMENT} }} }} }} }}"""
    given.setdefault("idempotencyKey", a_key())
    done: dict[str, Any] = (await at.by(by).data(text, input=given))["done"]
    return done


async def slots(at: House, kind: str = "STYLING", **more: Any) -> list[dict[str, Any]]:
    tomorrow = (at.clock.begun + timedelta(days=1)).date().isoformat()
    asked = {"location": "ST-MIL", "kind": kind, "from": tomorrow, **more}
    found: list[dict[str, Any]] = (await at.by({}).data(SLOTS, **asked))["appointmentSlots"]
    return found


async def booked(at: House, by: dict[str, str], **more: Any) -> dict[str, Any]:
    start = (await slots(at))[0]["startsAt"]
    given = {"location": "ST-MIL", "kind": "STYLING", "start": start, **more}
    done = await did(at, by, "appointmentBook", **given)
    assert done["__typename"] == "AppointmentChanged", done
    one: dict[str, Any] = done["appointment"]
    return one


async def test_a_shopper_books_moves_and_cancels(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        first, second = (await slots(at))[:2]
        length = datetime.fromisoformat(first["endsAt"]) - datetime.fromisoformat(first["startsAt"])
        assert (length, first["left"]) == (timedelta(minutes=45), 3)
        key = a_key()
        one = await booked(at, ADA, start=first["startsAt"], idempotencyKey=key)
        assert datetime.fromisoformat(one["startsAt"]) == datetime.fromisoformat(first["startsAt"])
        assert (one["version"], one["label"], one["state"]) == (1, "Personal styling", "BOOKED")
        assert await booked(at, ADA, start=first["startsAt"], idempotencyKey=key) == one
        assert (await slots(at))[0]["left"] == 2

        mine = f"{{ me {{ appointments {{ {APPOINTMENT} }} }} }}"
        assert (await at.by(ADA).data(mine))["me"]["appointments"] == [one]
        move = {"appointmentId": one["id"], "version": 1, "start": second["startsAt"]}
        moved = (await did(at, ADA, "appointmentMove", **move))["appointment"]
        assert (moved["id"], moved["version"]) == (one["id"], 2)
        late = await did(at, ADA, "appointmentMove", **move)
        assert (late["code"], late["currentVersion"]) == ("APPOINTMENT_VERSION_CONFLICT", 2)
        gone = await did(at, ADA, "appointmentCancel", appointmentId=one["id"], version=2)
        assert gone["appointment"]["state"] == "CANCELLED"
        assert (await at.by(ADA).data(mine))["me"]["appointments"] == []
        assert (await slots(at))[0]["left"] == 3


async def test_staff_books_for_a_customer_and_sees_who_comes(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        ada = await at.registered(ADA, givenName="Ada")
        one = await booked(at, STAFF, customerId=ada["id"])
        nobody = await did(
            at, STAFF, "appointmentBook", location="ST-MIL", kind="STYLING", start=one["startsAt"]
        )
        assert (nobody["code"], nobody["path"]) == ("INVALID_INPUT", ["input", "customerId"])
        day = one["startsAt"][:10]
        text = """query Q($day: Date!) { storeAppointments(location: "ST-MIL", day: $day) {
          edges { node { appointment { id } customer { givenName } } } } }"""
        told = (await at.staff.data(text, day=day))["storeAppointments"]["edges"]
        assert [edge["node"] for edge in told] == [
            {"appointment": {"id": one["id"]}, "customer": {"givenName": "Ada"}}
        ]
        read = (
            select(audit_entries.c.fields)
            .order_by(audit_entries.c.seq)
            .where(
                audit_entries.c.what == "Read",
                audit_entries.c.entity == key_of(one["id"], "Appointment"),
            )
        )
        kept = at.sandbox.gateway.store
        booking, seen = await kept.read(lambda connection: connection.execute(read).scalars().all())
        assert "Appointment.startsAt" in booking
        assert "StoreAppointment.customer" in seen
        assert await at.seen(ada["id"], "appointments { id }") == {
            "appointments": [{"id": one["id"]}]
        }


@pytest.mark.parametrize("by", [EVE, STAFF], ids=["another", "staff"])
async def test_foreign_and_missing_look_the_same(tmp_path: Path, by: dict[str, str]) -> None:
    async with house(tmp_path) as at:
        one = await booked(at, ADA)
        me = await at.registered(EVE)
        told = []
        strange = [me["id"], "nonsense", "QXBwb2ludG1lbnQ6YQBi"]
        for id_ in strange if by is STAFF else [one["id"], *strange]:
            for name, more in (
                ("appointmentCancel", {}),
                ("appointmentMove", {"start": one["startsAt"]}),
            ):
                done = await did(at, by, name, appointmentId=id_, version=1, **more)
                told.append((done["code"], done["message"], tuple(done["path"])))
        assert {code for code, _, _ in told} == {"APPOINTMENT_NOT_FOUND"}
        assert len(set(told)) == 1
        if by is EVE:
            given = {"location": "ST-MIL", "kind": "STYLING", "start": one["startsAt"]}
            ada = (await at.by(ADA).data("{ me { id } }"))["me"]["id"]
            done = await did(at, EVE, "appointmentBook", customerId=ada, **given)
            assert done["code"] == "CUSTOMER_NOT_FOUND"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            """mutation { appointmentBook(input: { location: "ST-MIL", kind: "STYLING",
            start: "2026-12-01T10:00:00Z", idempotencyKey: "a-key-of-sixteen-1" }) {
            __typename } }""",
            "UNAUTHENTICATED",
        ),
        (
            '{ storeAppointments(location: "ST-MIL", day: "2026-12-01") { __typename } }',
            "UNAUTHENTICATED",
        ),
    ],
)
async def test_a_guest_cannot(tmp_path: Path, text: str, code: str) -> None:
    async with house(tmp_path) as at:
        answer = await at.by({}).post(text)
        assert [one["extensions"]["code"] for one in answer.json()["errors"]] == [code]
        forbidden = await at.by(ADA).post(
            '{ storeAppointments(location: "ST-MIL", day: "2026-12-01") { __typename } }'
        )
        assert forbidden.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_what_cannot_be_is_told_with_what_can(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        first = (await slots(at, "ALTERATION"))[0]["startsAt"]
        now = utc_now()
        for_it = {"location": "ST-MIL", "kind": "ALTERATION", "start": first}
        await did(at, ADA, "appointmentBook", **for_it)
        full = await did(at, EVE, "appointmentBook", **for_it)
        after = (await slots(at, "ALTERATION"))[0]["startsAt"]
        assert (full["code"], full["path"]) == ("APPOINTMENT_FULL", ["input", "start"])
        assert datetime.fromisoformat(full["nextStart"]) == datetime.fromisoformat(after)
        said = {
            "APPOINTMENT_KIND_UNKNOWN": {"kind": "HAIRCUT"},
            "APPOINTMENT_NOT_OFFERED": {"location": "ST-VRN"},
            "APPOINTMENT_TOO_SOON": {"start": now.isoformat()},
            "APPOINTMENT_TOO_FAR": {"start": (now + timedelta(days=90)).isoformat()},
            "APPOINTMENT_OUTSIDE_HOURS": {
                "start": (now + timedelta(days=3)).strftime("%Y-%m-%dT03:00:00+01:00")
            },
            "INVALID_INPUT": {"start": (now + timedelta(days=3)).strftime("%Y-%m-%dT11:07:00Z")},
        }
        for code, wrong in said.items():
            refused = await did(at, EVE, "appointmentBook", **{**for_it, **wrong})
            assert refused["code"] == code, refused
        short = await did(at, EVE, "appointmentBook", **for_it, idempotencyKey="short")
        assert (short["code"], short["path"]) == ("INVALID_INPUT", ["input", "idempotencyKey"])


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [({"days": 15}, "days"), ({"kind": "X"}, "kind"), ({"location": "ST-VRN"}, "location")],
)
async def test_questions_that_cannot_be_are_told(
    tmp_path: Path, wrong: dict[str, Any], argument: str
) -> None:
    async with house(tmp_path) as at:
        asked = {"location": "ST-MIL", "kind": "STYLING", **wrong}
        answer = await at.by({}).post(SLOTS, **asked)
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["argument"] == argument
        day = '{ storeAppointments(location: "ST-MIL", day: "9999-12-31") { __typename } }'
        (error,) = (await at.staff.post(day)).json()["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "day"}


async def test_who_is_forgotten_is_expected_nowhere_and_export_tells_of_it(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        ada = proved(known_to_both())
        await at.registered(ada)
        one = await booked(at, ada)
        start = (await slots(at))[0]
        done = await at.done(at.by(ada), "customerExport", idempotencyKey=a_key())
        export = await at.until(
            at.by(ada), done["request"]["id"], lambda found: bool(found["doneAt"])
        )
        ours = next(one for one in export["receipts"] if one["task"] == "OWN")
        assert [each["kind"] for each in ours["documents"]["appointments"]] == ["STYLING"]
        done = await at.done(at.by(ada), "customerErase", idempotencyKey=a_key())
        await at.until(at.staff, done["request"]["id"], lambda found: bool(found["doneAt"]))
        assert (await slots(at))[0]["left"] == start["left"] + 1
        text = """query Q($day: Date!) {
          storeAppointments(location: "ST-MIL", day: $day) { edges { cursor } } }"""
        day = one["startsAt"][:10]
        assert (await at.staff.data(text, day=day))["storeAppointments"] == {"edges": []}


async def test_who_comes_is_told_in_pages_in_order_and_once(tmp_path: Path) -> None:
    text = """query Q($day: Date!, $first: Int, $after: String) {
      storeAppointments(location: "ST-MIL", day: $day, first: $first, after: $after) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { appointment { id startsAt } } } } }"""
    async with house(tmp_path) as at:
        ada = await at.registered(ADA)
        free = await slots(at)
        day = free[-1]["startsAt"][:10]
        starts = [one["startsAt"] for one in free if one["startsAt"][:10] == day][:4]
        # Three begin at the same time: their ids decide.
        ids = [
            (await booked(at, STAFF, customerId=ada["id"], start=start))["id"]
            for start in (starts[3], starts[0], starts[0], starts[0])
        ]
        whole = (await at.staff.data(text, day=day))["storeAppointments"]
        every = [edge["node"]["appointment"] for edge in whole["edges"]]
        assert sorted(one["id"] for one in every) == sorted(ids)
        assert every[-1]["id"] == ids[0]
        assert not whole["pageInfo"]["hasNextPage"]
        assert whole["pageInfo"]["endCursor"] == whole["edges"][-1]["cursor"]
        paged, after, more = [], None, True
        while more:
            given = {"day": day, "first": 1, "after": after}
            page = (await at.staff.data(text, **given))["storeAppointments"]
            assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
            paged += [edge["node"]["appointment"] for edge in page["edges"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert paged == every
        for wrong in (
            {"first": 0},
            {"first": 101},
            {"after": "rubbish"},
            {"after": "WyJ4IiwieCJd"},
        ):
            (error,) = (await at.staff(text, day=day, **wrong))["errors"]
            assert error["extensions"]["argument"] == next(iter(wrong))
