"""Recorded resources of AWS as resources of CloudFormation, as far as both say the same in the same words.

CloudFormation writes in PascalCase what the provider writes in camelCase; where else the two differ there is a function
for the type. Types that differ in more than names (buckets, alarms, distributions) are left out, since a translation of
them would be tested instead of the resource.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.graph import Graph, Resource

Properties = dict[str, Any]

FREE_KEYS = ("options", "tags", "variables", "eventPattern", "policy", "assumeRolePolicy")
"""Inputs whose keys belong to whoever wrote them."""
SPELT = {"cloudwatchMetricsEnabled": "CloudWatchMetricsEnabled"}
"""Words that CloudFormation spells in its own way."""


def pascal(value: Any, *free: str) -> Any:
    """The value with every key in PascalCase, apart from those below a free key."""
    if isinstance(value, Mapping):
        return {
            SPELT.get(key, key[:1].upper() + key[1:]): item if key in (*FREE_KEYS, *free) else pascal(item, *free)
            for key, item in cast("Mapping[str, Any]", value).items()
        }
    if isinstance(value, list | tuple):
        return [pascal(item, *free) for item in cast("list[Any]", value)]
    return value


def chosen(resource: Resource, **names: str) -> Properties:
    """Some inputs under the names that CloudFormation has for them."""
    return {
        name: pascal(resource.inputs[wire]) for wire, name in names.items() if resource.inputs.get(wire) is not None
    }


def _task_definition(resource: Resource, _: Graph) -> Properties:
    inputs = {key: value for key, value in resource.inputs.items() if key not in ("skipDestroy", "tags", "region")}
    return pascal({**inputs, "containerDefinitions": json.loads(resource.inputs["containerDefinitions"])})


def _role(resource: Resource, _: Graph) -> Properties:
    trust = json.loads(resource.inputs["assumeRolePolicy"])
    return {"AssumeRolePolicyDocument": trust, **chosen(resource, description="Description", path="Path")}


def _role_policy(resource: Resource, _: Graph) -> Properties:
    named = {"PolicyName": resource["name"], "RoleName": resource.inputs["role"]}
    return {**named, "PolicyDocument": json.loads(resource.inputs["policy"])}


def _key(resource: Resource, _: Graph) -> Properties:
    names = {
        "description": "Description",
        "multiRegion": "MultiRegion",
        "enableKeyRotation": "EnableKeyRotation",
        "rotationPeriodInDays": "RotationPeriodInDays",
        "deletionWindowInDays": "PendingWindowInDays",
        "keyUsage": "KeyUsage",
        "customerMasterKeySpec": "KeySpec",
    }
    return {"KeyPolicy": json.loads(resource.inputs["policy"]), **chosen(resource, **names)}


def _queue_policy(resource: Resource, _: Graph) -> Properties:
    return {"Queues": [resource.inputs["queueUrl"]], "PolicyDocument": json.loads(resource.inputs["policy"])}


def _bucket_policy(resource: Resource, _: Graph) -> Properties:
    return {"Bucket": resource.inputs["bucket"], "PolicyDocument": json.loads(resource.inputs["policy"])}


def _secret_policy(resource: Resource, _: Graph) -> Properties:
    return {"SecretId": resource.inputs["secretArn"], "ResourcePolicy": json.loads(resource.inputs["policy"])}


def _bus_policy(resource: Resource, _: Graph) -> Properties:
    (statement,) = json.loads(resource.inputs["policy"])["Statement"]
    return {**chosen(resource, eventBusName="EventBusName"), "StatementId": statement["Sid"], "Statement": statement}


def _log_policy(resource: Resource, _: Graph) -> Properties:
    return chosen(resource, policyName="PolicyName", policyDocument="PolicyDocument")


def _rule(resource: Resource, graph: Graph) -> Properties:
    targets: list[Properties] = [
        {
            "Id": target.name,
            **chosen(
                target, arn="Arn", roleArn="RoleArn", deadLetterConfig="DeadLetterConfig", retryPolicy="RetryPolicy"
            ),
            **chosen(target, kinesisTarget="KinesisParameters"),
        }
        for target in graph.of_type("aws:cloudwatch/eventTarget:EventTarget")
        if target.inputs["rule"] == resource["name"]
    ]
    for target in targets:
        retry = target.get("RetryPolicy", {})
        if "MaximumEventAgeInSeconds" in retry:
            retry["MaximumEventAgeInSeconds"] = int(retry["MaximumEventAgeInSeconds"])
    pattern = {"EventPattern": json.loads(resource.inputs["eventPattern"])} if "eventPattern" in resource.inputs else {}
    names = {"description": "Description", "eventBusName": "EventBusName", "scheduleExpression": "ScheduleExpression"}
    return {**chosen(resource, **names), **pattern, "Targets": targets}


def _web_acl(resource: Resource, _: Graph) -> Properties:
    bodies = {
        each["key"]: {"Content": each["content"], "ContentType": each["contentType"]}
        for each in cast("list[Mapping[str, Any]]", resource.inputs.get("customResponseBodies") or [])
    }
    inputs = {k: v for k, v in resource.inputs.items() if k not in ("region", "tags", "customResponseBodies")}
    return {**pascal(inputs), **({"CustomResponseBodies": bodies} if bodies else {})}


def _listener_rule(resource: Resource, _: Graph) -> Properties:
    return {
        **chosen(resource, listenerArn="ListenerArn", priority="Priority"),
        "Actions": [_action(each) for each in resource.inputs["actions"]],
        "Conditions": [_match(each) for each in resource.inputs["conditions"]],
    }


def _listener(resource: Resource, _: Graph) -> Properties:
    certificate = resource.inputs.get("certificateArn")
    return {
        **chosen(resource, loadBalancerArn="LoadBalancerArn", port="Port", protocol="Protocol", sslPolicy="SslPolicy"),
        **({"Certificates": [{"CertificateArn": certificate}]} if certificate else {}),
        "DefaultActions": [_action(each) for each in resource.inputs["defaultActions"]],
    }


def _action(action: Mapping[str, Any]) -> Properties:
    kinds = {"redirect": "RedirectConfig", "fixedResponse": "FixedResponseConfig"}
    made: Properties = {"Type": action["type"]}
    made |= {kinds[key]: pascal(value) for key, value in action.items() if key in kinds}
    if "targetGroupArn" in action:
        made["TargetGroupArn"] = action["targetGroupArn"]
    if "forward" in action:
        made["ForwardConfig"] = _forward(action["forward"])
    return made


def _forward(forward: Mapping[str, Any]) -> Properties:
    groups = [
        {"TargetGroupArn": group["arn"], **({"Weight": group["weight"]} if "weight" in group else {})}
        for group in forward["targetGroups"]
    ]
    if "stickiness" not in forward:
        return {"TargetGroups": groups}
    sticky = forward["stickiness"]
    stays = {"Enabled": sticky.get("enabled", False), "DurationSeconds": sticky["duration"]}
    return {"TargetGroups": groups, "TargetGroupStickinessConfig": stays}


def _match(condition: Mapping[str, Any]) -> Properties:
    fields = {
        "hostHeader": "host-header",
        "httpHeader": "http-header",
        "pathPattern": "path-pattern",
        "sourceIp": "source-ip",
    }
    ((kind, content),) = condition.items()
    return {"Field": fields[kind], f"{kind[:1].upper()}{kind[1:]}Config": pascal(content)}


def _lifecycle(resource: Resource, _: Graph) -> Properties:
    return {"LifecycleConfiguration": {"Rules": [_expiry(each) for each in resource.inputs["rules"]]}}


def _expiry(rule: Mapping[str, Any]) -> Properties:
    made: Properties = {"Id": rule["id"], "Status": rule["status"]}
    made |= {key[:1].upper() + key[1:]: pascal(rule[key]) for key in ("abortIncompleteMultipartUpload",) if key in rule}
    if prefix := (rule.get("filter") or {}).get("prefix"):
        made["Prefix"] = prefix
    expiration: Mapping[str, Any] = rule.get("expiration") or {}
    if "days" in expiration:
        made["ExpirationInDays"] = expiration["days"]
    if "expiredObjectDeleteMarker" in expiration:
        made["ExpiredObjectDeleteMarker"] = expiration["expiredObjectDeleteMarker"]
    older: Mapping[str, Any] = rule.get("noncurrentVersionExpiration") or {}
    if older:
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": older["noncurrentDays"]} | (
            {"NewerNoncurrentVersions": older["newerNoncurrentVersions"]} if "newerNoncurrentVersions" in older else {}
        )
    for wire, name, days in (
        ("transitions", "Transitions", ("days", "TransitionInDays")),
        ("noncurrentVersionTransitions", "NoncurrentVersionTransitions", ("noncurrentDays", "TransitionInDays")),
    ):
        if rule.get(wire):
            made[name] = [{"StorageClass": t["storageClass"], days[1]: t[days[0]]} for t in rule[wire]]
    return made


def _function(resource: Resource, _: Graph) -> Properties:
    names = {
        "runtime": "Runtime",
        "handler": "Handler",
        "role": "Role",
        "memorySize": "MemorySize",
        "timeout": "Timeout",
        "architectures": "Architectures",
        "environment": "Environment",
        "loggingConfig": "LoggingConfig",
    }
    # The code itself is an archive that CloudFormation would fetch from somewhere else.
    return {**chosen(resource, **names), "Code": {"S3Bucket": "elsewhere", "S3Key": "code.zip"}}


def _database(resource: Resource, _: Graph) -> Properties:
    """What a database is; a replica takes the rest from its source."""
    names = {
        "engine": "Engine",
        "engineVersion": "EngineVersion",
        "instanceClass": "DBInstanceClass",
        "storageType": "StorageType",
        "backupWindow": "PreferredBackupWindow",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "monitoringInterval": "MonitoringInterval",
        "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
        "backupRetentionPeriod": "BackupRetentionPeriod",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    }
    size = resource.inputs.get("allocatedStorage")
    storage = {} if size is None else {"AllocatedStorage": str(size)}
    return {**chosen(resource, **names), **storage}


TYPES: Mapping[str, tuple[str, Callable[[Resource, Graph], Properties]]] = {
    "aws:ecs/taskDefinition:TaskDefinition": ("AWS::ECS::TaskDefinition", _task_definition),
    "aws:iam/role:Role": ("AWS::IAM::Role", _role),
    "aws:iam/rolePolicy:RolePolicy": ("AWS::IAM::RolePolicy", _role_policy),
    "aws:kms/key:Key": ("AWS::KMS::Key", _key),
    "aws:sqs/queuePolicy:QueuePolicy": ("AWS::SQS::QueuePolicy", _queue_policy),
    "aws:s3/bucketPolicy:BucketPolicy": ("AWS::S3::BucketPolicy", _bucket_policy),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("AWS::SecretsManager::ResourcePolicy", _secret_policy),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": ("AWS::Events::EventBusPolicy", _bus_policy),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ("AWS::Logs::ResourcePolicy", _log_policy),
    "aws:cloudwatch/eventRule:EventRule": ("AWS::Events::Rule", _rule),
    "aws:wafv2/webAcl:WebAcl": ("AWS::WAFv2::WebACL", _web_acl),
    "aws:lb/listenerRule:ListenerRule": ("AWS::ElasticLoadBalancingV2::ListenerRule", _listener_rule),
    "aws:lb/listener:Listener": ("AWS::ElasticLoadBalancingV2::Listener", _listener),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ("AWS::S3::Bucket", _lifecycle),
    "aws:lambda/function:Function": ("AWS::Lambda::Function", _function),
    "aws:rds/instance:Instance": ("AWS::RDS::DBInstance", _database),
}
"""What is translated, and how."""


def template(graph: Graph) -> tuple[dict[str, Any], dict[str, str]]:
    """A template of everything that can be translated, and the logical name of each of its resources."""
    resources: dict[str, Any] = {}
    names: dict[str, str] = {}
    for token, (kind, translate) in TYPES.items():
        for number, resource in enumerate(graph.of_type(token)):
            key = f"{kind.replace('::', '')}{number}"
            resources[key] = {"Type": kind, "Properties": translate(resource, graph)}
            names[key] = f"{kind} {resource.name}"
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, names
