"""Why a node is judged: facts of its own, and children whose line changed. The public hears of published ones only."""

from dataclasses import dataclass, field
from typing import Any, Final

CAUSES_MAX: Final = 10
CHILDREN_MAX: Final = 50

Words = dict[str, Any]


@dataclass
class Reason:
    """Each cause and each child says of itself whether it is `published`; unsaid, it is."""

    causes: list[Words] = field(default_factory=list)
    children: list[Words] = field(default_factory=list)

    def add(self, *causes: Words) -> None:
        """The newest are kept."""
        fresh = [cause for cause in causes if cause not in self.causes]
        self.causes = [*self.causes, *fresh][-CAUSES_MAX:]

    def words(self) -> Words:
        return {"causes": self.causes, "children": self.children[:CHILDREN_MAX]}


def public_words(why: Words) -> Words:
    """The same reasons without what is not published, and without who pushed: of values the public hears the source."""
    return {name: [_public(each) for each in held if each.get("published", True)] for name, held in why.items()}


def _public(reason: Words) -> Words:
    if reason.get("type") != "observations":
        return reason
    return {name: word for name, word in reason.items() if name != "actor"}
