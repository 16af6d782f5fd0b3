import pytest

from docendo.serving.api_errors import ApiError


def test_an_error_has_the_four_fields_of_openai() -> None:
    error = ApiError(400, "n: expected a number", "invalid_value", "n")
    assert error.document == {
        "error": {
            "message": "n: expected a number",
            "type": "invalid_request_error",
            "param": "n",
            "code": "invalid_value",
        }
    }
    assert str(error) == "n: expected a number"


@pytest.mark.parametrize(
    ("status", "kind", "headers"),
    [
        (401, "authentication_error", {"www-authenticate": "Bearer"}),
        (404, "invalid_request_error", {}),
        (429, "rate_limit_error", {"retry-after": "1"}),
        (503, "server_error", {}),
    ],
)
def test_the_status_decides_the_type_and_the_headers(status, kind, headers) -> None:
    error = ApiError(status, "")
    assert error.document["error"]["type"] == kind
    assert error.headers == headers
