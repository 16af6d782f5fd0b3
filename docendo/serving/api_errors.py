"""What a client did wrong, or what went wrong here, in OpenAI's form."""

from typing import Any

__all__ = ["ApiError"]

_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
_HEADERS = {401: {"www-authenticate": "Bearer"}, 429: {"retry-after": "1"}}


class ApiError(Exception):
    """An answer to the client: a status and OpenAI's error object."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param

    @property
    def document(self) -> dict[str, Any]:
        """``{"error": {"message", "type", "param", "code"}}``."""
        error_type = _TYPES.get(self.status, "invalid_request_error")
        if self.status >= 500:
            error_type = "server_error"
        return {
            "error": {
                "message": self.message,
                "type": error_type,
                "param": self.param,
                "code": self.code,
            }
        }

    @property
    def headers(self) -> dict[str, str]:
        """The headers that belong to the status."""
        return _HEADERS.get(self.status, {})
