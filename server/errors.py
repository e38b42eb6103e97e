"""Errors that only a service has."""

from gis.errors import WanggeError


class Unauthorized(WanggeError):
    """A key is needed: send it as `Authorization: Bearer KEY`, or as the password when the browser asks."""

    kind = "unauthorized"


class Forbidden(WanggeError):
    """This key, or this way of calling, does not allow that."""

    kind = "forbidden"


class TooLarge(WanggeError):
    """The request is larger than what is taken at once."""

    kind = "too-large"
