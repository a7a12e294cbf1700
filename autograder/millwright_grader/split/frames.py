"""Messages of JSON on a stream socket, each behind its length."""

import json
import socket
import struct
from typing import Any

LENGTH = struct.Struct("!I")
CHUNK = 1 << 18  # bytes asked of the system at once


class FrameError(Exception):
    """What arrives is larger than any message."""


def pack(message: Any) -> bytes:
    """Return a message as it travels."""
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )
    return LENGTH.pack(len(data)) + data


class Frames:
    """What has arrived at a socket, cut into messages.

    Parameters
    ----------
    sock
    most
        Bytes of the largest message that is taken.
    """

    def __init__(self, sock: socket.socket, most: int) -> None:
        self._sock, self._most = sock, most
        self._data = bytearray()
        self.ended = False

    def take(self) -> Any:
        """Return the next message that is here whole, None where there is none.

        What is no JSON counts as the empty message ``()``.

        Raises
        ------
        FrameError
        """
        if len(self._data) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._data)
        if length > self._most:
            raise FrameError("a message is too large")
        end = LENGTH.size + length
        if len(self._data) < end:
            return None
        data = bytes(self._data[LENGTH.size : end])
        del self._data[:end]
        try:
            return json.loads(data.decode(errors="surrogatepass"))
        except (ValueError, RecursionError):
            return ()

    def read(self) -> None:
        """Wait until more has arrived; nothing more will where `ended` is true then."""
        try:
            chunk = self._sock.recv(CHUNK)
        except InterruptedError:
            return
        except OSError:
            chunk = b""
        self._data += chunk
        self.ended = not chunk
