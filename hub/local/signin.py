"""Signing in to the demo class: one password for each person."""

from secrets import compare_digest
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Dict, Unicode


class DemoAuthenticator(Authenticator):
    """Accept the people of the demo class with the passwords from class.json.

    JupyterHub's own shared-password authenticator would let every student sign in as every
    other student and as the teacher.
    """

    passwords = Dict(
        Unicode(), config=True, help="Password of each person, as printed when the class starts."
    )

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Return the person's name, or None; called by the hub for each login form."""
        name = self.normalize_username(data["username"])
        expected = self.passwords.get(name, "")
        given = data["password"].strip()
        if expected and compare_digest(given.encode(), expected.encode()):
            return name
        return None
