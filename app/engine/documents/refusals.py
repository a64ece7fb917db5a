"""Why is a document not executed? Each refusal has the code and the status its caller is told."""

from app.errors import GatewayError


class DocumentRefused(GatewayError):  # noqa: N818  an answer, not a failure of ours
    """The document of a request is not executed; the message says what to do."""

    code: str
    status: int


class MalformedDocumentRequest(DocumentRefused):
    """The request does not say which document it means."""

    code = "BAD_REQUEST"
    status = 400


class DocumentNotTrusted(DocumentRefused):
    """Only registered documents are executed, and this is none."""

    code = "DOCUMENT_NOT_TRUSTED"
    status = 403

    def __init__(self, sha256: str | None = None) -> None:
        which = "this is none" if sha256 is None else f"the one with sha256 {sha256} is none"
        super().__init__(
            f"Only registered documents are executed here, and {which}. "
            "Register it with `tessera documents add`."
        )


class DocumentNotFound(DocumentRefused):
    """No registered document has the id the request names."""

    code = "DOCUMENT_NOT_FOUND"
    status = 404

    def __init__(self) -> None:
        super().__init__(
            "No registered document has this documentId. Register it with `tessera documents add`, "
            "or check the client's name."
        )


class PersistedQueryNotFound(DocumentRefused):
    """Apollo clients send the text after this, and know it by exactly this message or code."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    status = 200  # what Apollo Server answers

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class PersistedQueryNotSupported(DocumentRefused):
    """Apollo clients send texts only after this, and know it by exactly this message or code."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    status = 200

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")
