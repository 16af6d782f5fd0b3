"""What a client did wrong, or what went wrong here, in OpenAI's form."""

from typing import Any

__all__ = ["ApiError"]


class ApiError(Exception):
    """An answer to the client: a status and OpenAI's error object."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    @property
    def document(self) -> dict[str, Any]:
        """``{"error": {"message", "type", "param", "code"}}``."""
        kind = {401: "authentication_error", 429: "rate_limit_error"}.get(
            self.status, "invalid_request_error"
        )
        kind = "server_error" if self.status >= 500 else kind
        return {
            "error": {
                "message": self.message,
                "type": kind,
                "param": self.param,
                "code": self.code,
            }
        }

    @property
    def headers(self) -> dict[str, str]:
        """Those that belong to the status."""
        return {401: {"www-authenticate": "Bearer"}, 429: {"retry-after": "1"}}.get(
            self.status, {}
        )
