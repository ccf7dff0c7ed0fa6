"""What is known of a resource while its outputs are made up, and the values that follow from it."""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

NAMES = ("name", "bucket", "identifier", "clusterIdentifier", "replicationGroupId")
"""Properties that the providers fill with a name of their own when the program gives none."""


@dataclass(frozen=True)
class Context:
    """Where a resource lands: the program, and what the inputs of its provider say of account, region and tags."""

    project: str = "project"
    stack: str = "stack"
    provider: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def account(self) -> str:
        """The AWS account."""
        allowed = self.provider.get("allowedAccountIds") or ["123456789012"]
        return str(allowed[0])

    @property
    def region(self) -> str:
        """The provider's region."""
        return self._text("region", "us-east-1")

    @property
    def google_project(self) -> str:
        """The Google Cloud project id."""
        return self._text("project", "example-project")

    def _text(self, key: str, default: str) -> str:
        value = self.provider.get(key)
        return value if isinstance(value, str) and value else default


class Facts:
    """What is known of one resource while its outputs are made up; all of it follows from type, name and inputs."""

    def __init__(self, token: str, name: str, inputs: Mapping[str, Any], context: Context) -> None:
        self.token = token
        self.logical_name = name
        self.inputs = inputs
        self.context = context
        self.package, _, rest = token.partition(":")
        self.module, _, self.kind = rest.replace("/", ":", 1).rpartition(":")
        self.module = self.module.partition(":")[0]

    def hex(self, length: int, *salt: str) -> str:
        """Hexadecimal digits that only this resource (and salt) has."""
        parts = (self.context.stack, self.context.project, self.token, self.logical_name, *salt)
        return hashlib.sha512("\0".join(parts).encode()).hexdigest()[:length]

    def digits(self, length: int, *salt: str) -> str:
        """Decimal digits, the first not zero."""
        number = int(self.hex(64, "digits", *salt), 16)
        return str(number % (9 * 10 ** (length - 1)) + 10 ** (length - 1))

    def uuid(self, *salt: str) -> str:
        """A UUID."""
        text = self.hex(32, "uuid", *salt)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def public_address(self, *salt: str) -> str:
        """An address of 198.18.0.0/15, which no one routes; the ranges for documentation are so small that two of a
        program's addresses would soon be the same.
        """
        return str(ipaddress.ip_address("198.18.0.0") + int(self.hex(8, "public", *salt), 16) % 2**17)

    def private_address(self, *salt: str) -> str:
        """An address inside the range that the inputs name, or of 10.0.0.0/8."""
        number = int(self.hex(6, "private", *salt), 16)
        for key in ("cidrBlock", "ipCidrRange", "reservedIpRange"):
            if isinstance(text := self.inputs.get(key), str) and "/" in text:
                network = ipaddress.ip_network(text, strict=False)
                return str(network[4 + number % max(1, network.num_addresses - 8)])
        return str(ipaddress.ip_address("10.0.0.0") + number)

    def text(self, key: str, default: str = "") -> str:
        """A string input that is there and known."""
        value = self.inputs.get(key)
        return value if isinstance(value, str) and value else default

    @property
    def region(self) -> str:
        """The region of the resource itself."""
        zone = self.text("availabilityZone") or self.text("zone")
        fallback = re.sub(r"(?<=\d)[a-z]$|-[a-z]$", "", zone) or self.context.region
        return self.text("region") or (self.package == "gcp" and self.text("location")) or fallback

    @property
    def zone(self) -> str:
        """The zone of the resource, or the first of its region."""
        suffix = "-b" if self.package == "gcp" else "a"
        given = self.text("availabilityZone") or self.text("zone")
        return given or self.context.provider.get("zone") or f"{self.region}{suffix}"

    @property
    def google_project(self) -> str:
        """The project of the resource itself."""
        return self.text("project") or self.context.google_project

    @property
    def project_number(self) -> str:
        """The number of the project: the same for all resources of one project."""
        return str(100000000000 + int(hashlib.sha256(self.google_project.encode()).hexdigest()[:10], 16) % 10**11)

    @cached_property
    def physical_name(self) -> str:
        """The name given, or the logical name and seven digits as the providers do it."""
        for key in (*NAMES, "accountId", "repositoryId", "secretId", "functionName", "domainName"):
            if given := self.text(key):
                return given
        if prefix := self.text("namePrefix") or self.text("bucketPrefix") or self.text("identifierPrefix"):
            return prefix + self.digits(26, "prefix")
        suffix = 8 if self.package == "kubernetes" else 7
        return f"{self.logical_name}-{self.hex(suffix, 'name')}".lower()


_PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"


def pem(facts: Facts, path: str = "certificate") -> str:
    """Text of the shape of a certificate, with bytes that no key signed."""
    return _PEM.format(base64.b64encode(bytes.fromhex(facts.hex(96, path))).decode())


_ZONE_IDS = {"us-east-1": "use1", "us-east-2": "use2", "us-west-1": "usw1", "us-west-2": "usw2", "eu-west-1": "euw1"}


def zone_id(facts: Facts) -> str:
    """The id of the zone, as it would be in an account whose letters are not shuffled."""
    region, letter = facts.zone[:-1], facts.zone[-1]
    short = _ZONE_IDS.get(region) or "".join(part[0] for part in region.split("-")[:-1]) + region[-1]
    return f"{short}-az{ord(letter) - ord('a') + 1}"
