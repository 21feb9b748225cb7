"""One target under the coverage-guided fuzzer: `python -m tests.fuzz.engine TARGET FOLDER... -OPTION=...`.

Only this module needs `atheris`. The product's modules are imported under its instrumentation, so that it sees which
inputs reach new branches.
"""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    """Fuzz until the time is up, or a fault is found."""
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["multus_py"]):
        from tests.fuzz.targets import TARGETS
    # To merge corpora it starts itself again, by a shell that gets these words one after the other.
    sys.argv[0] = f"{sys.executable} -m tests.fuzz.engine {name}"
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
