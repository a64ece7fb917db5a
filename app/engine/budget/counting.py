"""What did an answer cost that nobody counted while it was made? Its objects, counted in its bytes.

In JSON without white space an object with a field opens with `{"` and the beginning of a name. In a
string no brace is followed so: a quote is escaped there, and after the last character of a string
come its closing quote and a comma, a colon or a closing bracket. When every brace is followed so,
each of them opens an object. Otherwise (an object without fields, a text with a brace) strings are
taken out before braces are counted.
"""

import re

NOT_OPENING = re.compile(rb'\{(?!"[_A-Za-z])')
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


def objects_below_root(data: bytes) -> int:
    """How many objects an answer holds, but for its root; `data` is JSON without white space."""
    if not data.startswith(b"{"):
        return 0
    bare = STRING.sub(b"", data) if NOT_OPENING.search(data) else data
    return bare.count(b"{") - 1
