"""Where does a secret come from? The environment or a file, never the settings themselves."""

from collections.abc import Mapping
from pathlib import Path

from app.errors import MisconfiguredError


def secret(reference: object, environ: Mapping[str, str], *, at: str) -> str:
    """The secret that a reference means; `at` is the key of the settings that holds it.

    Raises:
        MisconfiguredError: it is no reference, or there is nothing where it points.
    """
    match reference:
        case {"env": str(variable), **rest} if not rest:
            if variable not in environ:
                raise MisconfiguredError(f"{at}: the environment has no variable {variable}")
            return environ[variable]
        case {"file": str(path), **rest} if not rest:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise MisconfiguredError(f"{at}: the file {path} cannot be read") from error
    raise MisconfiguredError(
        f'{at}: a secret does not belong in this file; write {{ env = "NAME" }}'
        ' or { file = "/path" }'
    )
