"""The error of the CNI spec: what a plugin prints when it fails, and the codes that the spec gives it.

It is the one error that leaves this package. What a layer above raises reaches the runtime in this form too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from multus_py.base.jsontext import JSONObject

# CNI spec, section 2 "Error"; 8 and 999 are the reference library's own (cni-behaviour 4.2). 100 and above are the
# plugin's.
UNKNOWN = 0
INCOMPATIBLE_VERSION = 1
UNSUPPORTED_FIELD = 2
UNKNOWN_CONTAINER = 3
INVALID_ENVIRONMENT = 4
IO_FAILURE = 5
DECODING_FAILURE = 6
INVALID_CONFIG = 7
INVALID_NETNS = 8
TRY_AGAIN_LATER = 11
PLUGIN_NOT_AVAILABLE = 50
LIMITED_CONNECTIVITY = 51
INTERNAL = 999


class CNIError(Exception):
    """A failure with the spec's code, a message, and details."""

    def __init__(self, code: int, msg: str, details: str = "") -> None:
        """Describe the failure; `details` may be empty."""
        super().__init__(code, msg, details)
        self.code = code
        self.msg = msg
        self.details = details

    def __str__(self) -> str:
        """Return "msg" or "msg; details", the text that runtimes show."""
        return f"{self.msg}; {self.details}" if self.details else self.msg

    def prefixed(self, context: str) -> Self:
        """Return the same error with `context` in front of its message: the code and the details survive."""
        return type(self)(self.code, context + self.msg, self.details)

    def document(self) -> JSONObject:
        """Return the error object that a plugin prints."""
        document: JSONObject = {"code": self.code, "msg": self.msg}
        if self.details:
            document["details"] = self.details
        return document
