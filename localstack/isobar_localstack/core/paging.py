"""Pages of lists, and the tokens that lead to the next one."""

import base64

from isobar_localstack.core.errors import error


def page(items: list, token: str | None, size: int, bad_token=None) -> tuple[list, str | None]:
    """One page of a list and the token of the next one."""
    start = decode_token(token, bad_token) if token else 0
    end = start + size
    return items[start:end], encode_token(end) if end < len(items) else None


def encode_token(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def decode_token(token: str, bad_token=None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise bad_token or error("ValidationException", "Invalid pagination token") from None
