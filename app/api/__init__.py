"""GraphQL and HTTP: the only place that speaks them, one file per noun.

The enums of the domain are registered before any type can name one.
"""

from app.api import customer_enums as _customer_enums  # noqa: F401  registers them
from app.api import enums as _enums  # noqa: F401  as above
