"""Address ranges that the clouds fix and publish, each with where it is written."""

from ipaddress import IPv4Network

ANYWHERE = IPv4Network("0.0.0.0/0")
"""Every IPv4 address; a route to it is a way to the internet."""

GOOGLE_DNS_FORWARDERS = IPv4Network("35.199.192.0/19")
"""Where queries of Cloud DNS forwarding zones come from when they take the private path.

Source: cloud.google.com/dns/docs/zones/forwarding-zones#firewall-rules. The range is the same in every network of every
customer and no subnet route covers it: the link has to advertise it, and AWS has to route answers to it over the link.
"""

GOOGLE_HEALTH_CHECKS = (IPv4Network("35.191.0.0/16"), IPv4Network("130.211.0.0/22"))
"""Where load balancers and their probes come from: cloud.google.com/load-balancing/docs/health-check-concepts."""

GOOGLE_IAP = IPv4Network("35.235.240.0/20")
"""Where tunnels of the Identity-Aware Proxy come from: cloud.google.com/iap/docs/using-tcp-forwarding."""

GOOGLE_PRIVATE_APIS = IPv4Network("199.36.153.8/30")
"""private.googleapis.com, reached without the internet: cloud.google.com/vpc/docs/configure-private-google-access."""
