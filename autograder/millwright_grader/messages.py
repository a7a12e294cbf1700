"""What a kernel says, as far as it can be believed.

A student's code can send any bytes in its kernel's name, or take none. `WarySession` lets through
what Jupyter's messaging protocol knows, in its types, and nothing else; a message that is none
becomes one of the type `NONE`, which nobody waits for. `WaryClient` neither waits for ever nor
takes in without bounds.

Protocol: https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""

from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from millwright_grader.warm.client import PromptClient

NONE = "none"

# The largest message that is received at all; the kernel's connection is closed beyond.
MESSAGE_BYTES = 64 << 20
# Messages that wait in our memory; the others wait in the kernel's.
WAITING = 32
# A kernel that has closed its sockets takes nothing any more.
SEND_MILLISECONDS = 5000

_STATES = frozenset({"busy", "idle", "starting"})


class StuckError(Exception):
    """A process takes no more orders."""


class WaryClient(PromptClient):
    """A client whose sockets wait and hold within bounds."""

    def _context_default(self) -> zmq.asyncio.Context:
        context = super()._context_default()
        context.setsockopt(zmq.SNDTIMEO, SEND_MILLISECONDS)
        context.setsockopt(zmq.RCVHWM, WAITING)
        context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)
        return context


class WarySession(Session):
    """A session whose messages have the form that they must have."""

    def feed_identities(self, parts: Any, copy: bool = True) -> tuple[list[bytes], Any]:
        """Return the parts before and behind the delimiter; none where there is no delimiter."""
        try:
            before, behind = super().feed_identities(parts, copy)
        except ValueError:
            return [], []
        return before, behind

    def deserialize(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return a message; one of the type `NONE` for bytes that are none."""
        try:
            made = super().deserialize(*args, **kwargs)
            kind = made["header"]["msg_type"]
            said = content(kind, _mapping(made["content"]))
            parent = _mapping(made["parent_header"])
        except Exception:
            # What the bytes break in there is the fault of the bytes.
            return message(NONE, {}, {}, {})
        return message(kind, said, parent, _mapping(made["header"]))


def message(
    kind: str,
    said: dict[str, Any],
    parent: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a message as jupyter_client's clients give it on."""
    header = header or {}
    return {
        "header": header,
        "msg_id": str(header.get("msg_id")),
        "msg_type": kind,
        "parent_header": parent or {},
        "metadata": {},
        "content": said,
        "buffers": [],
    }


def content(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a message in the types of the protocol.

    Raises
    ------
    KeyError, ValueError, TypeError
        If it has not got what its kind must have.
    """
    if kind == "stream":
        name = "stderr" if said["name"] == "stderr" else "stdout"
        return {"name": name, "text": text(said["text"])}
    if kind in ("display_data", "update_display_data", "execute_result"):
        made: dict[str, Any] = {"data": _bundle(said["data"]), "metadata": {}}
        display = _mapping(said.get("transient")).get("display_id")
        made["transient"] = {"display_id": display} if isinstance(display, str) else {}
        metadata = _mapping(said.get("metadata"))
        made["metadata"] = {text(k): v for k, v in metadata.items() if isinstance(v, dict)}
        if kind == "execute_result":
            made["execution_count"] = _count(said.get("execution_count"))
        return made
    if kind == "error" or (kind == "execute_reply" and said["status"] not in ("ok", "aborted")):
        lines = said.get("traceback")
        return {
            "status": "error",
            "ename": text(said.get("ename", "")),
            "evalue": text(said.get("evalue", "")),
            "traceback": [text(line) for line in lines] if isinstance(lines, list) else [],
        }
    if kind == "execute_reply":
        return {
            "status": said["status"],
            "execution_count": _count(said.get("execution_count")),
            "payload": [],
            "user_expressions": {},
        }
    if kind == "execute_input":
        return {"code": "", "execution_count": _count(said.get("execution_count"))}
    if kind == "status":
        if said["execution_state"] not in _STATES:
            raise ValueError("an unknown state")
        return {"execution_state": said["execution_state"]}
    if kind == "clear_output":
        return {"wait": said.get("wait") is True}
    if kind in ("kernel_info_reply", "shutdown_reply", "interrupt_reply"):
        return said
    raise ValueError("an unknown kind of message")


def text(value: Any) -> str:
    """Return a text that can be written down: without halves of characters."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 1 << 31 else None


def _bundle(data: Any) -> dict[str, Any]:
    """Return data by MIME type, as a notebook can hold them."""
    made: dict[str, Any] = {}
    for mime, value in _mapping(data).items():
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "".join(value)
        if isinstance(value, str):
            made[text(mime)] = text(value)
        elif mime == "application/json" or mime.endswith("+json"):
            made[text(mime)] = value
    return made
