"""What a server does before its first visitor."""

import socket

from pages.widgets import warmup


def test_connections_send_at_once_though_their_socket_was_not_asyncios() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        for expected in (0, 1):
            with socket.create_connection(server.getsockname()), server.accept()[0] as accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == expected
            warmup.send_at_once()
