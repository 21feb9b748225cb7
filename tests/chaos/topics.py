"""The topics of a chaos run, by name."""

from __future__ import annotations

from tests.chaos import crash, crowd, delegates, refusals, torn
from tests.chaos.case import Topic

TOPICS: dict[str, Topic] = {
    "crash": crash.cases,
    "torn": torn.cases,
    "delegates": delegates.cases,
    "refusals": refusals.cases,
    "crowd": crowd.cases,
}
