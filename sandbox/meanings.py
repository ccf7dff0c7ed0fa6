"""The few outputs whose value must agree with the inputs or with each other, by type."""

import base64
import ipaddress
import random
import string
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from sandbox.facts import Facts, pem
from sandbox.identifiers import default_security_group, google_id

Outputs = Mapping[str, Any]


def _number(facts: Facts, key: str, default: int) -> int:
    value = facts.inputs.get(key)
    return int(value) if isinstance(value, int | float) else default


def _items(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else []


def _merged(facts: Facts, key: str, additions: Mapping[str, Any]) -> dict[str, Any]:
    """A nested object: what the program gave, and what the cloud adds to it."""
    given: Any = facts.inputs.get(key)
    return {**additions, **(cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {})}


# --- Networks ---------------------------------------------------------------------------------------------------------


def _vpn_connection(facts: Facts) -> Outputs:
    """AWS takes the first host of each tunnel's /30 and leaves the second to the other side."""
    outputs: dict[str, Any] = {}
    for number in (1, 2):
        tunnel = f"tunnel{number}"
        inside = facts.text(f"{tunnel}InsideCidr", f"169.254.{10 + number}.{int(facts.hex(2, tunnel), 16) // 4 * 4}/30")
        network = ipaddress.ip_network(inside, strict=False)
        outputs |= {
            f"{tunnel}InsideCidr": inside,
            f"{tunnel}Address": facts.public_address(tunnel),
            f"{tunnel}VgwInsideAddress": str(network[1]),
            f"{tunnel}CgwInsideAddress": str(network[2]),
            f"{tunnel}PresharedKey": facts.text(f"{tunnel}PresharedKey", f"psk_{facts.hex(28, tunnel)}"),
            f"{tunnel}BgpAsn": "64512",
        }
    return outputs


def _ha_vpn_gateway(facts: Facts) -> Outputs:
    given = _items(facts.inputs.get("vpnInterfaces")) or [{"id": 0}, {"id": 1}]
    found = [
        {**cast("dict[str, Any]", i), "ipAddress": facts.public_address(f"interface-{i.get('id')}")} for i in given
    ]
    return {"vpnInterfaces": found}


def _vpc(facts: Facts) -> Outputs:
    vpc, table = f"vpc-{facts.hex(17, 'id')}", f"rtb-{facts.hex(17, 'table')}"
    group = default_security_group(vpc)
    return {"id": vpc, "defaultSecurityGroupId": group, "defaultRouteTableId": table, "mainRouteTableId": table}


def _default_security_group(facts: Facts) -> Outputs:
    return {"id": default_security_group(facts.text("vpcId")), "name": "default"}


def _default_route_table(facts: Facts) -> Outputs:
    return {"id": facts.text("defaultRouteTableId")}


def _google_address(facts: Facts) -> Outputs:
    inside = facts.text("addressType", "EXTERNAL") == "INTERNAL"
    address = facts.private_address() if inside else facts.public_address()
    if inside and (length := _number(facts, "prefixLength", 0)):
        address = str(ipaddress.ip_network(f"{address}/{length}", strict=False)[0])
    return {"address": facts.text("address", address)}


def _google_subnetwork(facts: Facts) -> Outputs:
    network = ipaddress.ip_network(facts.text("ipCidrRange", "10.0.0.0/20"), strict=False)
    return {"gatewayAddress": str(network[1])}


# --- Names and certificates -------------------------------------------------------------------------------------------


def _certificate(facts: Facts) -> Outputs:
    """One option for every domain asked for; a wildcard is proved by the record of its parent."""
    domains = dict.fromkeys([facts.text("domainName"), *_items(facts.inputs.get("subjectAlternativeNames"))])
    options: list[dict[str, str]] = []
    for domain in domains:
        base = str(domain).removeprefix("*.")
        options.append(
            {
                "domainName": str(domain),
                "resourceRecordName": f"_{facts.hex(32, 'name', base)}.{base}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{facts.hex(32, 'value', base)}.{facts.hex(10, base)}.acm-validations.aws.",
            }
        )
    return {"domainValidationOptions": options, "status": "ISSUED", "validationEmails": []}


def _dns_authorization(facts: Facts) -> Outputs:
    data = f"{facts.uuid('dns')}.{facts.digits(2)}.authorize.certificatemanager.goog."
    return {"dnsResourceRecords": [{"name": f"_acme-challenge.{facts.text('domain')}.", "type": "CNAME", "data": data}]}


def _route53_zone(facts: Facts) -> Outputs:
    zone = f"Z{facts.hex(20, 'zone').upper()}"
    servers = [f"ns-{int(facts.hex(3, str(n)), 16) % 2048}.awsdns-{10 + n}.{t}" for n, t in enumerate(_TOP_DOMAINS)]
    return {"id": zone, "zoneId": zone, "nameServers": servers, "primaryNameServer": servers[0]}


_TOP_DOMAINS = ("com", "net", "org", "co.uk")


def _managed_zone(facts: Facts) -> Outputs:
    letter = "abcde"[int(facts.hex(4, "letter"), 16) % 5]
    return {"nameServers": [f"ns-cloud-{letter}{n}.googledomains.com." for n in range(1, 5)]}


def _cloudfront(facts: Facts) -> Outputs:
    identifier = f"E{facts.hex(13, 'id').upper()}"
    domain = f"d{facts.hex(13, 'domain')}.cloudfront.net"
    return {"id": identifier, "domainName": domain, "hostedZoneId": "Z2FDTNDATAQYW2", "status": "Deployed"}


def _load_balancer(facts: Facts) -> Outputs:
    part = "elb" if facts.text("loadBalancerType") == "network" else facts.region
    last = facts.region if part == "elb" else "elb"
    kind = {"network": "net", "gateway": "gwy"}.get(facts.text("loadBalancerType"), "app")
    name, digits = facts.physical_name, facts.digits(10)
    inner = "internal-" if facts.inputs.get("internal") is True else ""
    return {
        "dnsName": f"{inner}{name}-{digits}.{part}.{last}.amazonaws.com",
        "arnSuffix": f"{kind}/{name}/{facts.hex(16, 'arn')}",
    }


def _bucket(facts: Facts) -> Outputs:
    name = facts.physical_name
    return {
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{facts.region}.amazonaws.com",
        "arn": f"arn:aws:s3:::{name}",
    }


# --- Keys and secrets -------------------------------------------------------------------------------------------------


def _kms_key(facts: Facts) -> Outputs:
    several = facts.inputs.get("multiRegion") is True or facts.kind == "ReplicaKey"
    primary = facts.text("primaryKeyArn").rpartition("/")[2]
    key = primary or (f"mrk-{facts.hex(32, 'key')}" if several else facts.uuid("key"))
    return {"id": key, "keyId": key}


def _google_secret(facts: Facts) -> Outputs:
    return {"name": f"projects/{facts.project_number}/secrets/{facts.physical_name}"}


def _secret_version(facts: Facts) -> Outputs:
    version = facts.uuid("version")
    return {"id": f"{facts.text('secretId')}|{version}", "versionId": version, "arn": facts.text("secretId")}


def _characters(facts: Facts) -> str:
    wanted = (
        ("lower", string.ascii_lowercase),
        ("upper", string.ascii_uppercase),
        ("numeric", string.digits),
        ("special", facts.text("overrideSpecial", "!@#$%&*()-_=+[]{}<>:?")),
    )
    return "".join(letters for key, letters in wanted if facts.inputs.get(key) is not False)


def _random_text(facts: Facts) -> Outputs:
    letters, length = _characters(facts), _number(facts, "length", 16)
    chosen = random.Random(facts.hex(64, "text"))  # noqa: S311 - must be the same in every run, and guards nothing
    result = "".join(chosen.choice(letters) for _ in range(length))
    return {"id": "none", "result": result, "bcryptHash": f"$2a$10${facts.hex(53, 'hash')}"}


def _random_bytes(facts: Facts) -> Outputs:
    length = _number(facts, "length", _number(facts, "byteLength", 8))
    data = random.Random(facts.hex(64, "bytes")).randbytes(length)  # noqa: S311 - as above
    coded, prefix = base64.b64encode(data).decode(), facts.text("prefix")
    url = base64.urlsafe_b64encode(data).decode().rstrip("=")
    number = str(int.from_bytes(data))
    forms = {"hex": f"{prefix}{data.hex()}", "dec": prefix + number, "b64Std": prefix + coded, "b64Url": prefix + url}
    return {"id": url, "base64": coded, **forms}


def _random_integer(facts: Facts) -> Outputs:
    low, high = _number(facts, "min", 0), _number(facts, "max", 1)
    result = low + int(facts.hex(12, "integer"), 16) % max(1, high - low + 1)
    return {"id": str(result), "result": result}


def _random_uuid(facts: Facts) -> Outputs:
    return {"id": facts.uuid("result"), "result": facts.uuid("result")}


# --- Data and clusters ------------------------------------------------------------------------------------------------


def _rds_instance(facts: Facts) -> Outputs:
    address = f"{facts.physical_name}.{facts.hex(12, 'host')}.{facts.region}.rds.amazonaws.com"
    port = facts.inputs.get("port") or {"postgres": 5432, "mysql": 3306, "mariadb": 3306}.get(
        facts.text("engine"), 5432
    )
    secret = (
        f"arn:aws:secretsmanager:{facts.region}:{facts.context.account}:secret:rds!db-{facts.uuid('m')}-{facts.hex(6)}"
    )
    managed = facts.inputs.get("manageMasterUserPassword") is True
    return {
        "address": address,
        "port": port,
        "endpoint": f"{address}:{port}",
        "resourceId": f"db-{facts.hex(26, 'resource').upper()}",
        "engineVersionActual": facts.text("engineVersion"),
        "masterUserSecrets": [{"secretArn": secret, "secretStatus": "active", "kmsKeyId": ""}] if managed else [],
        "listenerEndpoints": [],
        "replicas": [],
    }


def _replication_group(facts: Facts) -> Outputs:
    tail = f"{facts.physical_name}.{facts.hex(6, 'host')}.{facts.region}.cache.amazonaws.com"
    return {
        "primaryEndpointAddress": f"master.{tail}",
        "readerEndpointAddress": f"replica.{tail}",
        "configurationEndpointAddress": f"clustercfg.{tail}",
    }


def _cloud_sql(facts: Facts) -> Outputs:
    private, public = facts.private_address(), facts.public_address()
    return {
        "connectionName": f"{facts.google_project}:{facts.region}:{facts.physical_name}",
        "privateIpAddress": private,
        "publicIpAddress": public,
        "firstIpAddress": private,
        "ipAddresses": [{"ipAddress": private, "type": "PRIVATE", "timeToRetire": ""}],
        "serverCaCerts": [{"cert": pem(facts), "commonName": "C=US,O=Google", "sha1Fingerprint": facts.hex(40, "ca")}],
        "selfLink": f"https://sqladmin.googleapis.com/sql/v1beta4/{google_id(facts)}",
    }


def _eks_cluster(facts: Facts) -> Outputs:
    key, region = facts.hex(32, "cluster").upper(), facts.region
    vpc = {"clusterSecurityGroupId": f"sg-{facts.hex(17, 'sg')}", "vpcId": f"vpc-{facts.hex(17, 'vpc')}"}
    return {
        "endpoint": f"https://{key}.gr7.{region}.eks.amazonaws.com",
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{key}"}]}],
        "certificateAuthority": {"data": base64.b64encode(pem(facts).encode()).decode()},
        "vpcConfig": _merged(facts, "vpcConfig", vpc),
    }


def _gke_cluster(facts: Facts) -> Outputs:
    authority = {"clusterCaCertificate": base64.b64encode(pem(facts).encode()).decode()}
    return {"endpoint": facts.private_address(), "masterAuth": _merged(facts, "masterAuth", authority)}


def _kubernetes_service(facts: Facts) -> Outputs:
    spec = _merged(facts, "spec", {"clusterIP": facts.private_address()})
    ingress = [{"ip": facts.public_address()}] if spec.get("type") == "LoadBalancer" else []
    return {"spec": spec, "status": {"loadBalancer": {"ingress": ingress}}}


# --- Identities and images --------------------------------------------------------------------------------------------


def _service_account(facts: Facts) -> Outputs:
    email = f"{facts.text('accountId')}@{facts.google_project}.iam.gserviceaccount.com"
    path = f"projects/{facts.google_project}/serviceAccounts/{email}"
    return {"id": path, "name": path, "email": email, "member": f"serviceAccount:{email}"}


def _service_agent(facts: Facts) -> Outputs:
    service = facts.text("service").partition(".")[0]
    email = f"service-{facts.project_number}@gcp-sa-{service}.iam.gserviceaccount.com"
    return {"email": email, "member": f"serviceAccount:{email}"}


def _identity_pool(facts: Facts) -> Outputs:
    pool, provider = facts.text("workloadIdentityPoolId"), facts.text("workloadIdentityPoolProviderId")
    tail = f"locations/global/workloadIdentityPools/{pool}" + (f"/providers/{provider}" if provider else "")
    path = f"projects/{facts.google_project}/{tail}"
    return {"id": path, "name": f"projects/{facts.project_number}/{tail}"}


def _project(facts: Facts) -> Outputs:
    project = facts.text("projectId", facts.physical_name)
    return {"id": f"projects/{project}", "number": facts.digits(12, "number")}


def _role(facts: Facts) -> Outputs:
    path = facts.text("path", "/")
    arn = f"arn:aws:iam::{facts.context.account}:role{path}{facts.physical_name}"
    return {"uniqueId": f"AROA{facts.hex(17, 'role').upper()}", "arn": arn}


def _ecr(facts: Facts) -> Outputs:
    host = f"{facts.context.account}.dkr.ecr.{facts.region}.amazonaws.com"
    return {"repositoryUrl": f"{host}/{facts.physical_name}"}


def _artifacts(facts: Facts) -> Outputs:
    return {
        "name": facts.physical_name,
        "registryUri": f"{facts.region}-docker.pkg.dev/{facts.google_project}/{facts.physical_name}",
    }


def _cloud_run(facts: Facts) -> Outputs:
    uri = f"https://{facts.physical_name}-{facts.project_number}.{facts.region}.run.app"
    return {"uri": uri, "urls": [uri]}


def _queue(facts: Facts) -> Outputs:
    return {"url": f"https://sqs.{facts.region}.amazonaws.com/{facts.context.account}/{facts.physical_name}"}


def _function(facts: Facts) -> Outputs:
    arn = f"arn:aws:lambda:{facts.region}:{facts.context.account}:function:{facts.physical_name}"
    api = f"arn:aws:apigateway:{facts.region}:lambda:path/2015-03-31/functions"
    return {"arn": arn, "qualifiedArn": f"{arn}:1", "invokeArn": f"{api}/{arn}/invocations"}


MEANINGS: Final[Mapping[str, Callable[[Facts], Outputs]]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:cloudfront/distribution:Distribution": _cloudfront,
    "aws:ec2/defaultRouteTable:DefaultRouteTable": _default_route_table,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _default_security_group,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/vpnConnection:VpnConnection": _vpn_connection,
    "aws:ecr/repository:Repository": _ecr,
    "aws:eks/cluster:Cluster": _eks_cluster,
    "aws:elasticache/replicationGroup:ReplicationGroup": _replication_group,
    "aws:iam/role:Role": _role,
    "aws:kms/key:Key": _kms_key,
    "aws:kms/replicaKey:ReplicaKey": _kms_key,
    "aws:lambda/function:Function": _function,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:rds/instance:Instance": _rds_instance,
    "aws:route53/zone:Zone": _route53_zone,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secretVersion:SecretVersion": _secret_version,
    "aws:sqs/queue:Queue": _queue,
    "gcp:artifactregistry/repository:Repository": _artifacts,
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": _dns_authorization,
    "gcp:cloudrunv2/service:Service": _cloud_run,
    "gcp:compute/address:Address": _google_address,
    "gcp:compute/globalAddress:GlobalAddress": _google_address,
    "gcp:compute/haVpnGateway:HaVpnGateway": _ha_vpn_gateway,
    "gcp:compute/subnetwork:Subnetwork": _google_subnetwork,
    "gcp:container/cluster:Cluster": _gke_cluster,
    "gcp:dns/managedZone:ManagedZone": _managed_zone,
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": _identity_pool,
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": _identity_pool,
    "gcp:organizations/project:Project": _project,
    "gcp:projects/serviceIdentity:ServiceIdentity": _service_agent,
    "gcp:secretmanager/secret:Secret": _google_secret,
    "gcp:serviceaccount/account:Account": _service_account,
    "gcp:sql/databaseInstance:DatabaseInstance": _cloud_sql,
    "kubernetes:core/v1:Service": _kubernetes_service,
    "random:index/randomBytes:RandomBytes": _random_bytes,
    "random:index/randomId:RandomId": _random_bytes,
    "random:index/randomInteger:RandomInteger": _random_integer,
    "random:index/randomPassword:RandomPassword": _random_text,
    "random:index/randomString:RandomString": _random_text,
    "random:index/randomUuid:RandomUuid": _random_uuid,
}
