"""Whether A reaches B on a port, and by which hops, in a recorded graph of AWS and Google Cloud resources."""

from sandbox.reachability.link import Carrier
from sandbox.reachability.model import Reachability
from sandbox.reachability.packets import Blocked, Endpoint, Hop, NotModelledError, Path
from sandbox.reachability.placement import Exposure

__all__ = ["Blocked", "Carrier", "Endpoint", "Exposure", "Hop", "NotModelledError", "Path", "Reachability"]
