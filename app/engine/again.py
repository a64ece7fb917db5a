"""What need not be worked out again, when a document is asked with the same variables as before?"""

from itertools import count

from graphql.execution.values import VariableValues
from msgspec import Struct

serial = count(1).__next__
"""Numbers for what is prepared: a question that is kept must not hold it, which is large."""


class Again(Struct):
    """What the gate and the engine found out about one question.

    `priced` and `planned` are the numbers of what they had prepared of its document then, 0 for
    nothing: whoever has prepared something else since looks again. It was `prompt` if nothing had
    to be waited for when it was executed the last time.
    """

    priced: int = 0
    cost: int = 0
    planned: int = 0
    variables: VariableValues | None = None
    prompt: bool = False
