"""The host inside the VPC: no door but Session Manager. That the agent registers shows on AWS alone."""

import json
from functools import cache
from typing import Any

from components.network.aws_bastion import AwsBastion, AwsBastionArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ADMINISTRATOR = "arn:aws:iam::111122223333:role/administrators"
LOGS_KEY = "arn:aws:kms:us-east-1:111122223333:key/logs"


@cache
def bastion() -> Graph:
    def build() -> None:
        AwsBastion(
            "bastion",
            AwsBastionArgs(
                account_id="111122223333",
                region="us-east-1",
                vpc_id="vpc-1",
                subnet_ids={"us-east-1a": "subnet-1a", "us-east-1b": "subnet-1b"},
                instance_type="t4g.micro",
                security_group_ids=["sg-databases"],
                administrators=[ADMINISTRATOR],
                key_rotation_days=365,
                key_deletion_window_days=30,
                log_retention_days=365,
                logs_key_arn=LOGS_KEY,
            ),
        )

    return record_components(build)


def only(token: str) -> Resource:
    (found,) = bastion().of_type(token)
    return found


def template() -> Resource:
    return only("aws:ec2/launchTemplate:LaunchTemplate")


def statements() -> dict[str, dict[str, Any]]:
    document = json.loads(only("aws:iam/rolePolicy:RolePolicy")["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_nothing_can_connect_to_the_host() -> None:
    assert bastion().of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") == []
    assert not only("aws:ec2/securityGroup:SecurityGroup").inputs.get("ingress"), "a rule in line opens a port as well"
    assert "keyName" not in template().inputs, "a key would be waiting for the port that somebody opens"
    (interface,) = template()["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"


def test_the_host_itself_reaches_https_alone() -> None:
    rule = only("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443)


def test_what_else_the_host_reaches_is_for_the_access_rules_to_say() -> None:
    (interface,) = template()["networkInterfaces"]
    own = only("aws:ec2/securityGroup:SecurityGroup").id
    assert interface["securityGroups"] == [own, "sg-databases"]


def test_credentials_of_the_host_are_not_given_to_forwarded_requests() -> None:
    assert template()["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_the_disk_is_encrypted() -> None:
    (disk,) = template()["blockDeviceMappings"]
    assert disk["ebs"]["encrypted"] == "true"


def test_each_host_starts_from_the_newest_amazon_linux_and_lives_a_week() -> None:
    group = only("aws:autoscaling/group:Group")
    assert template()["imageId"].startswith("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-")
    assert group["maxInstanceLifetime"] == 604_800, "the image is looked up when a host starts, and only then"


def test_there_is_one_host_in_any_of_the_zones() -> None:
    group = only("aws:autoscaling/group:Group")
    assert (group["minSize"], group["desiredCapacity"], group["maxSize"]) == (1, 1, 1)
    assert set(group["vpcZoneIdentifiers"]) == {"subnet-1a", "subnet-1b"}
    assert group["launchTemplate"]["id"] == template().id


def test_the_role_registers_the_host_and_logs_sessions_and_nothing_more() -> None:
    log = only("aws:cloudwatch/logGroup:LogGroup")["arn"]
    attachment = only("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    found = {sid: (set(s["Action"]), s["Resource"]) for sid, s in statements().items()}
    assert found == {
        "WriteSessionLog": (
            {"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"},
            [log, f"{log}:*"],
        ),
        "FindSessionLog": ({"logs:DescribeLogGroups"}, [f"{':'.join(log.split(':')[:5])}:log-group:*"]),
        "DecryptSession": ({"kms:Decrypt"}, [only("aws:kms/key:Key")["arn"]]),
    }


def test_only_instances_take_the_role() -> None:
    trust = json.loads(only("aws:iam/role:Role")["assumeRolePolicy"])
    assert [s["Principal"] for s in trust["Statement"]] == [{"Service": "ec2.amazonaws.com"}]


def test_sessions_are_encrypted_logged_while_they_run_and_closed_when_idle() -> None:
    document = only("aws:ssm/document:Document")
    group = only("aws:cloudwatch/logGroup:LogGroup")
    content = json.loads(document["content"])
    assert document["documentType"] == "Session"
    assert content["sessionType"] == "Standard_Stream"
    assert content["inputs"] == {
        "kmsKeyId": only("aws:kms/key:Key")["arn"],
        "cloudWatchLogGroupName": group["name"],
        "cloudWatchEncryptionEnabled": True,
        "cloudWatchStreamingEnabled": True,
        "idleSessionTimeout": "20",
    }
    assert (group["kmsKeyId"], group["retentionInDays"]) == (LOGS_KEY, 365)


def test_only_administrators_and_the_host_open_what_a_session_says() -> None:
    policy = json.loads(only("aws:kms/key:Key")["policy"])
    users = next(s["Principal"]["AWS"] for s in policy["Statement"] if s["Sid"] == "UsersUse")
    assert set(users) == {ADMINISTRATOR, only("aws:iam/role:Role")["arn"]}, "others of the account would read along"
