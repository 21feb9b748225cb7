#!/usr/bin/env python3
"""A CNI plugin that attaches nothing: it hands on what it was given.

It stands at the head of a chain that has no network of its own (`auxiliaryCNIChainName`), and is the cluster network of
pods that want none. ADD returns `prevResult`, or a valid result that is empty; everything else succeeds. It is called
`passthru`: put a link of that name to this file into the directory of plugins.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # started as a file, from any directory; the built program imports it, and saves 11 ms
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from multus_py.base import jsontext
from multus_py.base.fields import FieldError, Fields
from multus_py.cni import errors, result, skel, versions

ABOUT = "a plugin that attaches nothing, and hands on the result of the plugin before it"


def add(request: skel.Request) -> jsontext.JSONObject:
    """Return the previous plugin's result in the version of the configuration, or an empty one.

    Raises:
        CNIError: The previous result is none.
    """
    try:
        previous = Fields(jsontext.loads_object(request.config), "").object("prevResult")
    except FieldError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"could not parse prevResult: {error}") from error
    if previous is None:
        return result.encode(result.Result(version=request.version), request.version)
    if previous.get("cniVersion") == request.version:
        return previous  # with all that we do not know of
    return result.encode(result.decode(previous, default_version=request.version), request.version)


def succeed(_request: skel.Request) -> None:
    """Do nothing: there is nothing to check, to remove, or to be ready for."""


HANDLERS: dict[str, skel.Handler] = {"ADD": add, **dict.fromkeys(("CHECK", "DEL", "GC", "STATUS"), succeed)}


def main() -> int:
    """Answer one call."""
    return skel.run(HANDLERS, about=ABOUT, supported=versions.SUPPORTED)


if __name__ == "__main__":
    sys.exit(main())
