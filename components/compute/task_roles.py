"""The two roles of an ECS task."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.compute.aws_runtime import AwsIdentity
from components.compute.permissions import start_statements
from components.ordering import after


@dataclass(frozen=True, kw_only=True)
class TaskRolesArgs:
    """What TaskRoles needs to know."""

    identity: AwsIdentity
    """Who the task is, and what its code may do."""
    secrets: Mapping[str, pulumi.Input[str]]
    """References of its secrets, by variable."""
    log_group_arn: pulumi.Input[str]
    """Where it logs."""


class TaskRoles(Component):
    """The role by which ECS starts a task, and the role of the code that then runs in it.

    Guarantees that the code cannot do what starting it takes: it gets its secrets handed and cannot ask for others.
    """

    execution_role_arn: Output[str]
    """The role that pulls, reads secrets and logs, once it may."""
    task_role_arn: Output[str]
    """The role of the code, once it may do what it was given."""

    def __init__(self, name: str, args: TaskRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:TaskRoles", name, None, opts)
        self._name, self._args = name, args

        self.execution_role_arn = self._execution_role()
        self.task_role_arn = self._task_role()
        self.publish()

    def _execution_role(self) -> Output[str]:
        role = self._role("execution", f"Starts {self._name}: pulls, reads its secrets, logs")
        statements = start_statements(self._args.identity, self._args.secrets.values(), self._args.log_group_arn)
        permissions = aws.iam.RolePolicy(
            f"{self._name}-execution",
            role=role.id,
            policy=policy.rendered(policy.document(*statements)),
            opts=self.child(),
        )
        # A task that starts before its role may pull fails, and the deployment with it.
        return after(role.arn, [permissions])

    def _task_role(self) -> Output[str]:
        role = self._role("task", f"The code of {self._name}")
        if not self._args.identity.statements:
            return role.arn
        permissions = aws.iam.RolePolicy(
            f"{self._name}-task",
            role=role.id,
            policy=policy.rendered(policy.document(*self._args.identity.statements)),
            opts=self.child(),
        )
        return after(role.arn, [permissions])

    def _role(self, purpose: str, description: str) -> aws.iam.Role:
        identity = self._args.identity
        tasks = f"arn:aws:ecs:{identity.region}:{identity.account_id}:*"
        return aws.iam.Role(
            f"{self._name}-{purpose}",
            description=description,
            assume_role_policy=policy.rendered(
                policy.service_trust("ecs-tasks.amazonaws.com", identity.account_id, tasks)
            ),
            opts=self.child(),
        )
