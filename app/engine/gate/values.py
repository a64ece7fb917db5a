"""How many values do the variables of a request hold?"""

from app.engine.gate.sizes import Variables


def values(variables: Variables, *, most: int) -> int:
    """All values, however deep; counting ends above `most`."""
    count = len(variables)
    waiting = [one for one in variables.values() if isinstance(one, dict | list)]
    while waiting and count <= most:
        value = waiting.pop()
        count += len(value)
        if count <= most:
            below = value.values() if isinstance(value, dict) else value
            waiting.extend(one for one in below if isinstance(one, dict | list))
    return count
