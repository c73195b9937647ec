"""GetRandomPassword.

AWS rules followed: 32 characters by default, at least one of every type that is not excluded unless that is switched off.
"""

import secrets
import string

from isobar_localstack.services.secretsmanager import exposed
from isobar_localstack.services.secretsmanager.state import invalid_parameter

DEFAULT_LENGTH = 32
TYPES = (
    ("ExcludeLowercase", string.ascii_lowercase),
    ("ExcludeUppercase", string.ascii_uppercase),
    ("ExcludeNumbers", string.digits),
    ("ExcludePunctuation", string.punctuation),
)


def get_random(context, request):
    length = request.get("PasswordLength") or DEFAULT_LENGTH
    excluded = set(request.get("ExcludeCharacters") or "")
    types = [characters for switch, characters in TYPES if not request.get(switch)]
    types += [" "] if request.get("IncludeSpace") else []
    left = [
        one for one in ("".join(c for c in characters if c not in excluded) for characters in types) if one
    ]
    if not left:
        raise invalid_parameter("You must include at least one character type in the password.")
    each = request.get("RequireEachIncludedType", True)
    if each and length < len(left):
        raise invalid_parameter("Password length is too short based on the required types.")
    chosen = [secrets.choice(one) for one in left] if each else []
    everything = "".join(left)
    chosen += [secrets.choice(everything) for _ in range(length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    password = "".join(chosen)
    exposed.remember_password(password)
    return {"RandomPassword": password}
