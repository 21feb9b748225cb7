"""What a chaos run is made of: cases, each with a name to repeat it by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from tests.chaos import report
from tests.chaos.scene import Scene


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong, and the assertions that hold all the same."""

    name: str
    run: Callable[[Scene], None]
    always: bool = False
    """Whether it comes before the others of its topic, so that each run has it."""

    def attempt(self, scene: Scene) -> None:
        """Run it. Raises whatever it raises, with a note of what the calls and their log said."""
        scene.begin()
        try:
            self.run(scene)
        except Exception as error:
            error.add_note(report.text(scene.calls, scene.log))
            raise


Topic: TypeAlias = Callable[[Scene, Random], Iterator[Case]]
"""Finds the cases of a topic; random choices within them are made with the given source."""
