"""The private names of services; that a resolver answers with them is not proven here."""

from components.edge.private_names import PrivateNames, PrivateNamesArgs
from sandbox.recorder import record_components

ARGS = PrivateNamesArgs(
    zone_id="Z0PRIVATE",
    hosts={"auth-service": "auth-service.aws.internal.example.com", "api": "api.aws.internal.example.com"},
    balancer_dns_name="internal-1.us-east-1.elb.amazonaws.com",
    balancer_zone_id="Z35SXDOTRQ7X7K",
)


def test_each_service_has_a_name_that_follows_the_load_balancer() -> None:
    graph = record_components(lambda: PrivateNames("private-names", ARGS))
    records = graph.of_type("aws:route53/record:Record")
    assert {(each["zoneId"], each["name"], each["type"]) for each in records} == {
        ("Z0PRIVATE", "auth-service.aws.internal.example.com", "A"),
        ("Z0PRIVATE", "api.aws.internal.example.com", "A"),
    }
    target = {"name": ARGS.balancer_dns_name, "zoneId": ARGS.balancer_zone_id, "evaluateTargetHealth": False}
    assert [each["aliases"] for each in records] == [[target], [target]], "its addresses change"
    assert graph.problems == []
