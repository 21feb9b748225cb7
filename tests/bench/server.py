"""The lab's API server as a program of its own, so that what is measured shares no interpreter with it.

    python -m tests.bench.server KUBECONFIG

It writes the kubeconfig, says "ready", and serves until its standard input ends, which it does with the bench.
"""

from __future__ import annotations

import os
import select
import sys
from dataclasses import replace
from pathlib import Path

from multus_py.lab import api, apierrors
from multus_py.lab.api import Api, Call, Reply, Stream
from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import encode
from tests.bench import protobuf

_FORGET_SECONDS = 5.0


class BilingualApi(Api):
    """The lab's API, for clients too that send protobuf. The answer is JSON, which they all accept."""

    def answer(self, call: Call) -> Reply | Stream:
        """Return the answer to a call, translating its body."""
        if call.body.startswith(protobuf.MAGIC):
            try:
                body = encode(protobuf.decode(call.body))
            except ValueError as error:
                return api.refusal(apierrors.bad_request(str(error)))
            call = replace(call, body=body, media_type="application/json")
        return super().answer(call)


def main(path: Path) -> None:
    """Serve until standard input ends."""
    server = APIServer()
    server._http.api = BilingualApi(server.store)
    with server:
        server.kubeconfig(path)
        os.write(1, b"ready\n")
        while not select.select([0], [], [], _FORGET_SECONDS)[0]:
            server.forget_requests()  # thousands of calls, and nobody reads the log


if __name__ == "__main__":
    main(Path(sys.argv[1]))
