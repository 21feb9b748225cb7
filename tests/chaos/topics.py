"""The topics of a chaos run, by name; the one whose cases take longest is first, so that the others share the rest."""

from __future__ import annotations

from tests.chaos import crash, crowd, delegates, refusals, torn
from tests.chaos.case import Topic

TOPICS: dict[str, Topic] = {
    "crowd": crowd.cases,
    "crash": crash.cases,
    "torn": torn.cases,
    "delegates": delegates.cases,
    "refusals": refusals.cases,
}
