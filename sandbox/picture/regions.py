"""In which region a resource is, as its provider and its own inputs tell."""

from collections import Counter
from collections.abc import Sequence

from sandbox.graph import Graph, Resource
from sandbox.picture.scene import Region
from sandbox.picture.words import Words, WordsError


class Regions:
    """The regions of a graph: those that a provider works in."""

    def __init__(self, graph: Graph, words: Words) -> None:
        self._graph, self._clouds = graph, words.clouds
        self._by_provider = {
            provider.urn: Region(provider.package, str(provider.inputs["region"]), words.clouds[provider.package])
            for provider in graph.providers
            if provider.package in words.clouds and isinstance(provider.inputs.get("region"), str)
        }
        self._known = {(region.package, region.name): region for region in self._by_provider.values()}

    def of(self, resource: Resource) -> Region | None:
        """The region of a resource of a cloud that is drawn; what is global belongs to the region of its provider."""
        if not resource.custom or resource.provider not in self._by_provider:
            return None
        given = self._by_provider[resource.provider]
        return self._known.get((given.package, str(resource.inputs.get("region"))), given)

    def primary(self, resources: Sequence[Resource]) -> Region:
        """The region of the first cloud that holds most of these. Raises WordsError when none is in a region."""
        counts = Counter(region for resource in resources if (region := self.of(resource)))
        if not counts:
            raise WordsError("nothing of the graph is in a region of a cloud that the words name")
        ranks = list(self._clouds)
        return min(counts, key=lambda region: (ranks.index(region.package), -counts[region], region.name))

    def ordered(self, primary: Region, found: set[Region]) -> list[Region]:
        """From left to right: the primary one between the others of its cloud and those of other clouds."""
        near = sorted((r for r in found if r.package == primary.package and r != primary), key=lambda r: r.name)
        far = sorted((r for r in found if r.package != primary.package), key=lambda r: (r.package, r.name))
        return [*near, primary, *far]
