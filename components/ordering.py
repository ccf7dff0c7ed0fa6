"""Outputs that promise more than the existence of one resource."""

from collections.abc import Iterable
from typing import Any, TypeVar

import pulumi
from pulumi import Output

T = TypeVar("T")


def after(value: Output[T], resources: Iterable[pulumi.Resource]) -> Output[T]:
    """The same value for those who may use it only once the resources exist too.

    Waits by URN, which a preview knows already: waiting by id would make the value unknown whenever a resource is
    added, and a preview would then announce the replacement of all that was built with it.
    """
    urns: list[Output[Any]] = [resource.urn for resource in resources]
    return Output.all(value, *urns).apply(lambda values: values[0])
