"""What somebody will have meant by a word that is not known."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SURE = 0.75
"""How much alike two words have to be for one to be a misspelling of the other, by difflib's measure."""


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is meant, whatever its case; empty when none is near."""
    import difflib  # with re and collections: no CNI call comes here

    folded = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=_SURE)
    return folded[found[0]] if found else ""
