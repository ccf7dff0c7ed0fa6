"""Which names an environment answers, where they lead, and by what certificates: read off a recorded graph."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.graph import Graph, Resource

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
RULE = "aws:lb/listenerRule:ListenerRule"
LISTENER = "aws:lb/listener:Listener"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
MAPS = ("gcp:compute/uRLMap:URLMap", "gcp:compute/regionUrlMap:RegionUrlMap")
PROXIES = (
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy",
    "gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy",
)
FORWARDING = ("gcp:compute/globalForwardingRule:GlobalForwardingRule", "gcp:compute/forwardingRule:ForwardingRule")

Ways = Mapping[str, set[str]]
"""Names of entrances (load balancers, URL maps, distributions), by the host that they answer, or that leads there."""


def answered(graph: Graph) -> Ways:
    """The entrances that have a rule for a host, by host."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for rule in graph.of_type(RULE):
        for host in hosts_of(rule):
            found[host].add(behind(graph, rule["listenerArn"]).name)
    for routes in graph.of_type(*MAPS):
        for rule in routes.get("hostRules") or []:
            for host in rule["hosts"]:
                found[host].add(routes.name)
    for distribution in graph.of_type(DISTRIBUTION):
        for host in distribution["aliases"]:
            found[host].add(distribution.name)
    return found


def led(graph: Graph) -> Ways:
    """The entrances that a host's address records lead to, by host; nothing for what is not ours."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for record in graph.of_type("aws:route53/record:Record"):
        if record["type"] == "A":
            aliases = [entrance(graph, alias["name"]) for alias in record.get("aliases") or []]
            addresses = [routes_at(graph, address) for address in record.get("records") or []]
            found[record["name"]] |= {name for name in (*aliases, *addresses) if name}
    for record in graph.of_type("gcp:dns/recordSet:RecordSet"):
        if record["type"] == "A":
            addresses = [routes_at(graph, address) for address in record["rrdatas"]]
            found[record["name"].removesuffix(".")] |= {name for name in addresses if name}
    return found


def certified(graph: Graph) -> Ways:
    """The names of the certificates of each entrance, wildcards among them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for listener in graph.of_type(LISTENER):
        if listener["protocol"] == "HTTPS":
            found[balancer(graph, listener).name] |= acm_names(graph, listener["certificateArn"])
    for distribution in graph.of_type(DISTRIBUTION):
        found[distribution.name] |= acm_names(graph, distribution["viewerCertificate"]["acmCertificateArn"])
    for proxy in graph.of_type(*PROXIES):
        found[url_map(graph, proxy).name] |= google_names(graph, proxy)
    return found


def fits(host: str, name: str) -> bool:
    """Whether a certificate of this name is good for a host; a wildcard stands for one label."""
    return host == name or (name.startswith("*.") and host.partition(".")[2] == name[2:])


def hosts_of(rule: Resource) -> list[str]:
    """The hosts that a listener rule is about."""
    return [host for each in rule["conditions"] if "hostHeader" in each for host in each["hostHeader"]["values"]]


def behind(graph: Graph, listener_arn: str) -> Resource:
    """The load balancer of a listener."""
    listener = graph.referred(listener_arn)
    assert listener is not None, f"{listener_arn} is no listener of ours"
    return balancer(graph, listener)


def balancer(graph: Graph, listener: Resource) -> Resource:
    """The load balancer of a listener."""
    return next(each for each in graph.of_type(BALANCER) if each["arn"] == listener["loadBalancerArn"])


def entrance(graph: Graph, dns_name: str) -> str | None:
    """The load balancer or distribution that has this name of its cloud's."""
    balancers = [each.name for each in graph.of_type(BALANCER) if each["dnsName"] == dns_name]
    distributions = [each.name for each in graph.of_type(DISTRIBUTION) if each["domainName"] == dns_name]
    return next(iter([*balancers, *distributions]), None)


def routes_at(graph: Graph, address: str) -> str | None:
    """The URL map that answers at an address, on port 443."""
    held = graph.of_type("gcp:compute/globalAddress:GlobalAddress", "gcp:compute/address:Address")
    own = [each for each in held if each["address"] == address]
    for rule in graph.of_type(*FORWARDING):
        named = graph.referred(rule["ipAddress"])
        takes = "443" in (rule.get("portRange"), rule.get("ports", [None])[0])
        if takes and (rule["ipAddress"] == address or named in own):
            return next(url_map(graph, each).name for each in graph.of_type(*PROXIES) if each.id == rule["target"])
    return None


def url_map(graph: Graph, proxy: Resource) -> Resource:
    """The URL map of a proxy."""
    return next(each for each in graph.of_type(*MAPS) if each.id == proxy["urlMap"])


def acm_names(graph: Graph, arn: str) -> set[str]:
    """The names of a certificate of AWS."""
    certificate = next(each for each in graph.of_type("aws:acm/certificate:Certificate") if each["arn"] == arn)
    return {certificate["domainName"], *certificate["subjectAlternativeNames"]}


def google_names(graph: Graph, proxy: Resource) -> set[str]:
    """The names of the certificates of a proxy of Google Cloud."""
    certificates = graph.of_type("gcp:certificatemanager/certificate:Certificate")
    if proxy.get("certificateMap"):
        entries = graph.of_type("gcp:certificatemanager/certificateMapEntry:CertificateMapEntry")
        held = [each for each in entries if each["map"] == proxy["certificateMap"].rpartition("/")[2]]
        return {each["hostname"] for each in held}
    own = [each.rpartition("/")[2] for each in proxy["certificateManagerCertificates"]]
    return {name for each in certificates if each["name"] in own for name in each["managed"]["domains"]}


def given(graph: Graph) -> Iterator[tuple[str, Mapping[str, str], Mapping[str, str]]]:
    """Every container of a service: its name in the program, its plain variables, and references of its secrets."""
    for task in graph.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        container = json.loads(task["containerDefinitions"])[0]
        secrets = {each["name"]: each["valueFrom"] for each in container["secrets"]}
        yield task.name, {each["name"]: each["value"] for each in container["environment"]}, secrets
    for service in graph.of_type("gcp:cloudrunv2/service:Service"):
        variables: list[Mapping[str, Any]] = service["template"]["containers"][0]["envs"]
        secrets = {
            each["name"]: each["valueSource"]["secretKeyRef"]["secret"] for each in variables if "valueSource" in each
        }
        yield service.name, {each["name"]: each["value"] for each in variables if "value" in each}, secrets


def booted(script: str) -> tuple[dict[str, str], dict[str, str]]:
    """The plain variables and the references of secrets in the boot script of a machine."""
    plain = dict(re.findall(r"^export ([A-Z0-9_]+)=(\S+)$", script, re.MULTILINE))
    secrets = dict(re.findall(r'^([A-Z0-9_]+)="\$\(.*--secret-id (\S+) .*\)"; export \1$', script, re.MULTILINE))
    return plain, secrets
