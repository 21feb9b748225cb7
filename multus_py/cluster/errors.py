"""The errors of this layer, by what they mean for the caller. Nothing else leaves it.

Messages are for the person who runs the node: what was asked, of which server, and what it answered. They never hold a
token, a key or a password.
"""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster could not be asked, or its answer is of no use. Itself it stands for what has no class below."""


class ConfigError(ClusterError):
    """The kubeconfig, or something that it names, cannot be used. Asking again will not help."""


class UntrustedError(ClusterError):
    """No trusted connection: the server's certificate is not its own, or ours is refused."""


class UnavailableError(ClusterError):
    """No useful answer in time: refused, reset, timed out, overloaded. Asking later may help."""


class UnauthorizedError(ClusterError):
    """The server does not know who we are (401), also after the credentials were read again."""


class ForbiddenError(ClusterError):
    """The node's account lacks a permission (403); the message says which."""


class NotFoundError(ClusterError):
    """There is no such object (404)."""


class ConflictError(ClusterError):
    """The object is not the one that was meant any more: another UID, or changed meanwhile (409, 422)."""
