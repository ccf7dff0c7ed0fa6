"""What gives a credential away."""

import re

_CREDENTIALS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("an AWS access key", re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{8,}")),
    ("a Slack webhook", re.compile(r"hooks\.slack\.com/services/[A-Za-z0-9/]{8,}")),
    ("a GitHub token", re.compile(r"\b(gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("a Google API key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a payment key", re.compile(r"\b[rs]k_live_[A-Za-z0-9]{10,}")),
    ("a Vault token", re.compile(r"\bhv[bs]\.[A-Za-z0-9_-]{20,}")),
    ("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.")),
    ("a service account's key", re.compile(r"\"private_key(_id)?\"\s*:")),
    ("a password inside an address", re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")),
)

_CREDENTIAL_NAME = re.compile(
    r"(^|[_-])(password|passwd|pwd|passphrase|secret|token|credentials?|api_?key|secret_?key|private_?key"
    r"|access_?key(_?id)?|signing_?key|encryption_?key|auth_?key)$",
    re.IGNORECASE,
)


def kind_of_credential(text: str) -> str | None:
    """What the text looks like ("a private key"), or None where it looks harmless."""
    return next((kind for kind, pattern in _CREDENTIALS if pattern.search(text)), None)


def names_credential(key: str) -> bool:
    """Whether a variable of this name holds a credential: `DB_PASSWORD` does, `TOKEN_TTL_SECONDS` doesn't."""
    return _CREDENTIAL_NAME.search(key.replace(".", "_")) is not None
