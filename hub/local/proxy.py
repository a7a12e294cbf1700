"""configurable-http-proxy in pure Python, with WebSockets passed on whole.

The package (0.4.0) answers no subprotocol, so that a browser refuses its first try; it loses what
the server says before the browser's side is open, and a Voila app then waits for ever; it turns
binary messages into text; it does not tell the browser that the server has closed. Everything else
is the package's; the command line is the same.
"""

from typing import Any

from configurable_http_proxy import cli, configproxy
from configurable_http_proxy.handlers import ProxyHandler
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.websocket import WebSocketClientConnection, websocket_connect

# Tornado's own limit of 10 MiB is less than a notebook with a few pictures.
MAX_MESSAGE = 100 * 2**20  # bytes
# Tornado's 10 would be taken by ten students who validate at once.
MAX_REQUESTS = 1000


class WholeWebSockets(ProxyHandler):
    """The package's handler, with another treatment of WebSockets."""

    ws_client: WebSocketClientConnection | None
    max_message_size = MAX_MESSAGE

    async def start_ws_client(self, path: str | None = None) -> None:
        """Connect to the server; called before the browser is answered."""
        self._early: list[str | bytes | None] | None = []
        url = await self.get_target_url(path)
        if url is None:
            return
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [name.strip() for name in offered.split(",") if name.strip()]
        try:
            self.ws_client = await websocket_connect(
                self._get_proxy_request(url.replace("http", "ws", 1)),
                on_message_callback=self._pass_to_browser,
                max_message_size=MAX_MESSAGE,
                subprotocols=protocols or None,
            )
        except HTTPClientError as refusal:
            self.set_status(refusal.code)
            await self.finish(refusal.message)
        except OSError as error:
            await self.handle_proxy_error(503, error)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Choose what the server has chosen."""
        return self.ws_client.selected_subprotocol if self.ws_client else None

    def open(self, *args: str, **kwargs: str) -> None:
        """Say what the server has said until now; called when the browser is connected."""
        early, self._early = self._early or [], None
        for message in early:
            self._pass_to_browser(message)

    def _pass_to_browser(self, message: str | bytes | None) -> None:
        if self._early is not None:
            self._early.append(message)
        elif message is None:
            client = self.ws_client
            self.close(client.close_code if client else None)
        elif self.ws_connection:
            self._note_activity()
            self.write_message(message, binary=isinstance(message, bytes))

    def on_message(self, message: str | bytes) -> None:
        """Pass on what the browser says."""
        if self.ws_client:
            self._note_activity()
            self.ws_client.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        """Tell the server that the browser has gone."""
        if self.ws_client:
            self.ws_client.close()
            self.ws_client = None

    def _note_activity(self) -> None:
        target: dict[str, Any] | None = self.target
        if target and target["prefix"]:
            self.proxy.update_last_activity(target["prefix"])


if __name__ == "__main__":
    configproxy.ProxyHandler = WholeWebSockets
    AsyncHTTPClient.configure(None, max_clients=MAX_REQUESTS)
    cli.main()
