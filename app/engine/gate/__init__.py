"""The gate before execution: what may an operation cost, and is it sound? Knows no noun of ours."""

from app.engine.gate.access import ANYTHING, Access
from app.engine.gate.admission import Admitted, Gate, NotAdmittedError, Stage
from app.engine.gate.describing import FREE, described
from app.engine.gate.documents import Documents, Prepared
from app.engine.gate.limits import Limits
from app.engine.gate.sizes import Assumed, ListSizes, Price
from app.engine.gate.validation import Validator

__all__ = [
    "ANYTHING",
    "FREE",
    "Access",
    "Admitted",
    "Assumed",
    "Documents",
    "Gate",
    "Limits",
    "ListSizes",
    "NotAdmittedError",
    "Prepared",
    "Price",
    "Stage",
    "Validator",
    "described",
]
