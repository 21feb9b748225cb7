"""The topics of a chaos run, by name.

Each gets an equal share of the time that is left, so their order counts: first the one that overdraws its share with
its first case, then those that need less than theirs, then those that can use what the others leave over.
"""

from __future__ import annotations

from tests.chaos import apiserver, crash, crowd, delegates, refusals, torn
from tests.chaos.case import Topic

TOPICS: dict[str, Topic] = {
    "crowd": crowd.cases,
    "torn": torn.cases,
    "delegates": delegates.cases,
    "apiserver": apiserver.cases,
    "crash": crash.cases,
    "refusals": refusals.cases,
}
