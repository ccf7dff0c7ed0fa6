"""How the clouds spell identifiers: ARNs and ids of AWS, resource names and self links of Google Cloud."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox import schema
from sandbox.facts import Facts

_PREFIXES: Final = {
    "accessPoint": "fsap",
    "allocation": "eipalloc",
    "ami": "ami",
    "association": "eipassoc",
    "customerGateway": "cgw",
    "dhcpOptions": "dopt",
    "egressOnlyInternetGateway": "eigw",
    "eip": "eipalloc",
    "endpoint": "cvpn-endpoint",
    "fileSystem": "fs",
    "flowLog": "fl",
    "instance": "i",
    "internetGateway": "igw",
    "keyPair": "key",
    "launchTemplate": "lt",
    "managedPrefixList": "pl",
    "mountTarget": "fsmt",
    "natGateway": "nat",
    "networkAcl": "acl",
    "networkInterface": "eni",
    "peeringConnection": "pcx",
    "placementGroup": "pg",
    "prefixList": "pl",
    "resolverEndpoint": "rslvr-in",
    "resolverRule": "rslvr-rr",
    "resolverRuleAssociation": "rslvr-rrassoc",
    "routeTable": "rtb",
    "routeTableAssociation": "rtbassoc",
    "securityGroup": "sg",
    "securityGroupEgressRule": "sgr",
    "securityGroupIngressRule": "sgr",
    "securityGroupRule": "sgr",
    "snapshot": "snap",
    "subnet": "subnet",
    "transitGateway": "tgw",
    "transitGatewayAttachment": "tgw-attach",
    "volume": "vol",
    "vpc": "vpc",
    "vpcAttachment": "tgw-attach",
    "vpcDhcpOptions": "dopt",
    "vpcEndpoint": "vpce",
    "vpnConnection": "vpn",
    "vpnGateway": "vgw",
}

_SERVICES: Final = {
    "alb": "elasticloadbalancing",
    "lb": "elasticloadbalancing",
    "ebs": "ec2",
    "ec2clientvpn": "ec2",
    "ec2transitgateway": "ec2",
    "vpc": "ec2",
    "cfg": "config",
    "cloudwatch": "cloudwatch",
    "efs": "elasticfilesystem",
    "kinesis": "kinesis",
    "mskconnect": "kafkaconnect",
    "msk": "kafka",
    "sfn": "states",
    "route53": "route53",
    "appautoscaling": "application-autoscaling",
    "apigatewayv2": "apigateway",
}

# Services whose ARNs carry no region; those of S3 carry no account either.
_GLOBAL: Final = frozenset({"iam", "cloudfront", "route53", "s3", "organizations", "globalaccelerator"})

# The resource part of an ARN where it is not `kind/id`: {name} physical name, {id} the id, {hex} sixteen digits.
_ARN_RESOURCES: Final = {
    "acm:Certificate": "certificate/{uuid}",
    "autoscaling:Group": "autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
    "backup:Vault": "backup-vault:{name}",
    "cloudwatch:LogGroup": "log-group:{name}",
    "cloudwatch:MetricAlarm": "alarm:{name}",
    "cloudwatch:EventBus": "event-bus/{name}",
    "cloudwatch:EventRule": "rule/{name}",
    "dynamodb:Table": "table/{name}",
    "ec2:Eip": "elastic-ip/{id}",
    "ec2:LaunchTemplate": "launch-template/{id}",
    "ecr:Repository": "repository/{name}",
    "ecs:Service": "service/{cluster}/{name}",
    "ecs:TaskDefinition": "task-definition/{family}:1",
    "efs:FileSystem": "file-system/{id}",
    "eks:NodeGroup": "nodegroup/{cluster}/{name}/{uuid}",
    "elasticache:ReplicationGroup": "replicationgroup:{name}",
    "elasticache:SubnetGroup": "subnetgroup:{name}",
    "iam:OpenIdConnectProvider": "oidc-provider/{url}",
    "iam:InstanceProfile": "instance-profile/{name}",
    "kinesis:Stream": "stream/{name}",
    "kinesis:StreamConsumer": "{stream}/consumer/{name}:{created}",
    "kms:Key": "key/{id}",
    "kms:ReplicaKey": "key/{id}",
    "kms:Alias": "{name}",
    "lambda:Function": "function:{name}",
    "lb:Listener": "listener/app/{name}/{hex}/{hex2}",
    "lb:ListenerRule": "listener-rule/app/{name}/{hex}/{hex2}",
    "lb:LoadBalancer": "loadbalancer/{lbkind}/{name}/{hex}",
    "lb:TargetGroup": "targetgroup/{name}/{hex}",
    "rds:Cluster": "cluster:{name}",
    "rds:Instance": "db:{name}",
    "rds:ParameterGroup": "pg:{name}",
    "rds:SubnetGroup": "subgrp:{name}",
    "route53:Zone": "hostedzone/{id}",
    "s3:Bucket": "{name}",
    "secretsmanager:Secret": "secret:{name}-{suffix}",
    "sfn:StateMachine": "stateMachine:{name}",
    "sns:Topic": "{name}",
    "sqs:Queue": "{name}",
    "ssm:Parameter": "parameter/{path}",
    "wafv2:WebAcl": "{scope}/webacl/{name}/{uuid}",
    "wafv2:IpSet": "{scope}/ipset/{name}/{uuid}",
}

# Types whose id is their ARN, types whose id is their name; all others have an id of their own.
_ARN_IS_ID: Final = frozenset(
    [
        "acm:Certificate",
        "cloudtrail:Trail",
        "ecs:Cluster",
        "ecs:Service",
        "iam:OpenIdConnectProvider",
        "iam:Policy",
        "kinesis:Stream",
        "kinesis:StreamConsumer",
        "lb:Listener",
        "lb:ListenerRule",
        "lb:LoadBalancer",
        "lb:TargetGroup",
        "secretsmanager:Secret",
        "sfn:StateMachine",
        "sns:Topic",
        "sns:TopicSubscription",
    ]
)
_NAME_IS_ID: Final = frozenset(
    [
        "autoscaling:Group",
        "backup:Vault",
        "cloudwatch:LogGroup",
        "cloudwatch:MetricAlarm",
        "cloudwatch:EventBus",
        "cloudwatch:Dashboard",
        "cloudwatch:EventRule",
        "dynamodb:Table",
        "ecr:Repository",
        "eks:Cluster",
        "elasticache:ReplicationGroup",
        "elasticache:SubnetGroup",
        "elasticache:ParameterGroup",
        "iam:Role",
        "iam:InstanceProfile",
        "iam:User",
        "iam:Group",
        "kms:Alias",
        "lambda:Function",
        "rds:Cluster",
        "rds:Instance",
        "rds:ParameterGroup",
        "rds:SubnetGroup",
        "s3:Bucket",
        "ssm:Parameter",
    ]
)


def aws_prefix(key: str) -> str:
    """The prefix of an EC2-like id, from a property or type name: `defaultRouteTableId` gives `rtb`."""
    name = re.sub(r"\[\d+\]", "", key.rpartition(".")[2])
    name = re.sub(r"Ids?$", "", name) or key
    tail = next((known for known in _BY_LENGTH if name.lower().endswith(known.lower())), None)
    return _PREFIXES[tail] if tail else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


_BY_LENGTH: Final = sorted(_PREFIXES, key=len, reverse=True)


def aws_id(facts: Facts, special: Mapping[str, Any]) -> str:
    """The id of an AWS resource: its ARN, its name, or an id of its own, as the service has it."""
    short = f"{facts.module}:{facts.kind}"
    if short in _ARN_IS_ID:
        return str(special.get("arn") or aws_arn(facts, ""))
    if short in _NAME_IS_ID:
        return facts.physical_name
    if short == "sqs:Queue":
        return f"https://sqs.{facts.region}.amazonaws.com/{facts.context.account}/{facts.physical_name}"
    lower = facts.kind[0].lower() + facts.kind[1:]
    if facts.text("direction").startswith("OUTBOUND"):
        return f"rslvr-out-{facts.hex(17, 'id')}"
    transit = "tgw-" if facts.module == "ec2transitgateway" and "Route" in facts.kind else ""
    return f"{transit}{aws_prefix(lower)}-{facts.hex(17, 'id')}"


def default_security_group(vpc: str) -> str:
    """The id of the security group that a VPC comes with: told by the VPC, and by the resource that adopts it."""
    return f"sg-{hashlib.sha256(vpc.encode()).hexdigest()[:17]}"


def aws_arn(facts: Facts, identifier: str) -> str:
    """The ARN of an AWS resource, in the partition of its region."""
    service = _service(facts)
    region = "" if service in _GLOBAL else facts.region
    account = "" if service in ("s3", "route53") else facts.context.account
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(re.sub(r"-\w+-\d$", "", facts.region).rstrip("-"), "aws")
    lower = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", facts.kind.removeprefix("Default")).lower()
    name = identifier if identifier and not identifier.startswith("arn:") else facts.physical_name
    template = _ARN_RESOURCES.get(f"{facts.module}:{facts.kind}", f"{lower}/{name}")
    cluster = facts.text("cluster") or facts.text("clusterName", "default")
    resource = template.format(
        name=facts.physical_name,
        id=identifier,
        uuid=facts.uuid("arn"),
        hex=facts.hex(16, "arn"),
        hex2=facts.hex(16, "arn2"),
        suffix=facts.hex(6, "arn"),
        path=facts.physical_name.lstrip("/"),
        cluster=cluster.rpartition("/")[2],
        family=facts.text("family", facts.physical_name),
        stream=facts.text("streamArn").rpartition(":")[2],
        created=facts.digits(10, "created"),
        lbkind={"network": "net", "gateway": "gwy"}.get(facts.text("loadBalancerType"), "app"),
        url=facts.text("url").removeprefix("https://"),
        scope="global" if facts.text("scope") == "CLOUDFRONT" else "regional",
    )
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def execution_arn(facts: Facts, identifier: str) -> str:
    """What is called of an API of API Gateway: the API, or one stage of it."""
    called = f"{facts.text('apiId')}/{facts.physical_name}" if "apiId" in facts.inputs else identifier
    return f"arn:aws:execute-api:{facts.region}:{facts.context.account}:{called}"


def _service(facts: Facts) -> str:
    if facts.module == "cloudwatch" and facts.kind.startswith("Log"):
        return "logs"
    if facts.module == "cloudwatch" and facts.kind.startswith("Event"):
        return "events"
    if facts.module == "route53" and facts.kind.startswith("Resolver"):
        return "route53resolver"
    return _SERVICES.get(facts.module, facts.module)


# Where a collection's name is not the plural of the type, or a resource's id is only its name.
_COLLECTIONS: Final = {
    "HaVpnGateway": "vpnGateways",
    "VPNTunnel": "vpnTunnels",
    "GlobalAddress": "addresses",
    "GlobalForwardingRule": "forwardingRules",
    "ManagedZone": "managedZones",
    "RegionBackendService": "backendServices",
    "SecurityPolicy": "securityPolicies",
    "DatabaseInstance": "instances",
}
_GOOGLE_NAME_IS_ID: Final = frozenset({"sql:DatabaseInstance", "storage:Bucket"})
_NO_LOCATION: Final = frozenset(
    ["compute", "dns", "pubsub", "secretmanager", "serviceaccount", "logging", "monitoring", "projects"]
)
_PARENTS: Final = ("keyRing", "cryptoKey", "secret", "parent", "instance", "service")


_GOOGLE_IDS: Final = {
    "compute:RouterInterface": "{project}/{region}/{router}/{name}",
    "compute:RouterNat": "{project}/{region}/{router}/{name}",
    "compute:RouterPeer": "projects/{project}/regions/{region}/routers/{router}/{name}",
    "dns:RecordSet": "projects/{project}/managedZones/{managedZone}/rrsets/{name}/{type}",
    "projects:Service": "{project}/{service}",
    "projects:ServiceIdentity": "projects/{project}/services/{service}",
    "secretmanager:SecretVersion": "{secret}/versions/1",
    "servicenetworking:Connection": "{network}:{service}",
}


def google_id(facts: Facts) -> str:
    """The resource name of a Google Cloud resource: `projects/P/regions/R/subnetworks/NAME`."""
    if f"{facts.module}:{facts.kind}" in _GOOGLE_NAME_IS_ID:
        return facts.physical_name
    if facts.kind.endswith(("IAMMember", "IamMember", "IAMBinding", "IamBinding")):
        scope = next(
            (v for k, v in facts.inputs.items() if k not in ("role", "member", "condition") and isinstance(v, str)), ""
        )
        return f"{scope or facts.google_project}/{facts.text('role')}/{facts.text('member')}"
    if template := _GOOGLE_IDS.get(f"{facts.module}:{facts.kind}"):
        given = {key: facts.text(key).rpartition("/")[2] for key in ("router", "managedZone", "service", "type")}
        named = {"project": facts.google_project, "region": facts.region, "name": facts.physical_name}
        return template.format(**given, **named, secret=facts.text("secret"), network=facts.text("network"))
    parent = next((v for k in _PARENTS if "/" in (v := facts.text(k)) and v.startswith("projects/")), "")
    return f"{parent or _google_scope(facts)}/{_collection(facts.kind)}/{facts.physical_name}"


def google_self_link(facts: Facts, identifier: str) -> str:
    """The URL of a Google Cloud resource."""
    if facts.module == "compute":
        return f"https://www.googleapis.com/compute/v1/{identifier}"
    path = (
        identifier if "/" in identifier else f"projects/{facts.google_project}/{_collection(facts.kind)}/{identifier}"
    )
    return f"https://{facts.module}.googleapis.com/v1/{path}"


def _google_scope(facts: Facts) -> str:
    project = f"projects/{facts.google_project}"
    found = schema.resource(facts.token)
    inputs: Mapping[str, Any] = found.inputs if found else {}
    if facts.module == "compute":
        if "zone" in inputs:
            return f"{project}/zones/{facts.zone}"
        return f"{project}/regions/{facts.region}" if "region" in inputs else f"{project}/global"
    if facts.module in _NO_LOCATION:
        return project
    return f"{project}/locations/{facts.text('location') or facts.text('region') or 'global'}"


def _collection(kind: str) -> str:
    if kind in _COLLECTIONS:
        return _COLLECTIONS[kind]
    lower = kind[0].lower() + kind[1:]
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith("s") else f"{lower}s"
