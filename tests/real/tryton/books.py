"""Which bookkeeping must Tryton have before it lets anybody sell?"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from tests.real.tryton.rpc import TrytonRpc

OWNER = "Example Outdoor"
VAT = Decimal("0.22")
ADDRESS = {"street_unstructured": "Via Emilia 1", "postal_code": "40131", "city": "Bologna"}


@dataclass(frozen=True)
class Books:
    """The bookkeeping that selling needs."""

    company: int
    currency: int
    category: int
    cash: int
    unit: int


def open_books(rpc: TrytonRpc) -> Books:
    """A company, its chart of accounts, a fiscal year and one accounting category with a tax."""
    euro = {"name": "Euro", "code": "EUR", "symbol": "€", "digits": 2, "rounding": Decimal("0.01")}
    currency = rpc.create("currency.currency", euro)
    owner = party(rpc, OWNER)
    company = rpc.create("company.company", {"party": owner, "currency": currency})
    user = rpc.find("res.user", ["login", "=", "admin"])
    rpc.write("res.user", user, {"companies": [["add", [company]]], "company": company})
    rpc.refresh()
    chart_of_accounts(rpc, company)
    fiscal_year(rpc, company)
    cash = account(rpc, "1.1.1")
    unit = rpc.find("product.uom", ["symbol", "=", "u"])
    return Books(company, currency, accounting_category(rpc), cash, unit)


def chart_of_accounts(rpc: TrytonRpc, company: int) -> None:
    """Create the accounts that come with Tryton."""
    session, *_ = rpc.call("wizard.account.create_chart.create")
    root = rpc.find("account.account.template", ["parent", "=", None])
    start = {"company": company, "account_template": root}
    rpc.call("wizard.account.create_chart.execute", session, {"account": start}, "create_account")
    properties = {
        "company": company,
        "account_receivable": account(rpc, "1.2.1"),
        "account_payable": account(rpc, "2.1.1"),
    }
    rpc.call(
        "wizard.account.create_chart.execute",
        session,
        {"account": start, "properties": properties},
        "create_properties",
    )


def account(rpc: TrytonRpc, code: str) -> int:
    """An account of the chart that comes with Tryton."""
    return rpc.find("account.account", ["code", "=", code])


def fiscal_year(rpc: TrytonRpc, company: int) -> None:
    """A long fiscal year, so that a cached database serves over the turn of the year."""
    year = datetime.now(UTC).year
    kind = rpc.find("ir.sequence.type", ["name", "=", "Account Move"])
    sequence = rpc.create(
        "ir.sequence.strict", {"name": "Moves", "sequence_type": kind, "company": company}
    )
    fiscal = {
        "name": str(year),
        "start_date": date(year - 1, 12, 1),
        "end_date": date(year + 1, 12, 31),
        "company": company,
        "move_sequence": sequence,
    }
    rpc.press("account.fiscalyear", "create_period", rpc.create("account.fiscalyear", fiscal))


def accounting_category(rpc: TrytonRpc) -> int:
    """Where the revenue of every product goes, with value added tax."""
    tax_account = account(rpc, "2.2.3")
    tax = rpc.create(
        "account.tax",
        {
            "name": "VAT",
            "description": "VAT",
            "type": "percentage",
            "rate": VAT,
            "invoice_account": tax_account,
            "credit_note_account": tax_account,
        },
    )
    return rpc.create(
        "product.category",
        {
            "name": "Goods",
            "accounting": True,
            "account_revenue": account(rpc, "4.1.1"),
            "account_expense": account(rpc, "5.2.1"),
            "customer_taxes": [["add", [tax]]],
        },
    )


def party(rpc: TrytonRpc, name: str) -> int:
    """A person or firm with an address."""
    return rpc.create("party.party", {"name": name, "addresses": [["create", [ADDRESS]]]})
