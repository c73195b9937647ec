"""RDS: master passwords, of which only a salted hash is kept.

Nothing here gives a password back, and no message repeats one; `login` says whether one would be accepted.

AWS rules followed: 8 to 41 printable ASCII characters without `/`, `"`, `@` and the space [model; the space is in
AWS's message]; all members of a global cluster accept the primary's.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from isobar_localstack.core.errors import error

ROUNDS = 1000
FORBIDDEN = '/@" '


@dataclass(frozen=True)
class Password:
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, text: str) -> "Password":
        salt = secrets.token_bytes(16)
        return cls(salt, digest(text, salt))

    def accepts(self, text: str) -> bool:
        return hmac.compare_digest(self.digest, digest(text, self.salt))


def digest(text: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt, ROUNDS)


def check(text: str | None):
    if not text:
        raise error(
            "InvalidParameterValue",
            "The parameter MasterUserPassword must be provided and must not be blank.",
        )
    wrong = "The parameter MasterUserPassword is not a valid password"
    if len(text) < 8:
        raise error("InvalidParameterValue", f"{wrong} because it is shorter than 8 characters.")
    if len(text) > 41:
        raise error("InvalidParameterValue", f"{wrong} because it is longer than 41 characters.")
    if any(not "!" <= character <= "~" or character in FORBIDDEN for character in text):
        raise error(
            "InvalidParameterValue",
            f"{wrong}. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
        )
