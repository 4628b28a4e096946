# A relay between the program and the sink, for one connection.
# SPDX-License-Identifier: Apache-2.0

import select
import socket
import ssl
import threading
import time

BLOCK_BYTES = 1 << 16
# A client that has sent all that it may is silent: under callgrind also between two batches, but not for so long.
SILENCE_S = 0.2


class Relay:
    """Passes the bytes of one connection on to a port.

    "tls": what comes is decrypted. "holding": what the sink answers is held back until the client has been silent for a
    while, so that its window is full before the first outcome comes.
    """

    def __init__(self, port, kind, certificate=None, key=None):
        self._context = None
        if kind == "tls":
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
        self._is_holding = kind == "holding"
        self._heard_at = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sink_port = port
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with self._listener:
            client, _ = self._listener.accept()
        try:
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
            sink = socket.create_connection(("127.0.0.1", self._sink_port))
        except OSError:
            return client.close()
        # One thread for each direction: a TLS socket may be read and written at once.
        back = self._hold if self._is_holding else pump
        returning = threading.Thread(target=back, args=(sink, client), daemon=True)
        returning.start()
        pump(client, sink, self._heard)
        returning.join()
        client.close()
        sink.close()

    def _heard(self):
        self._heard_at = time.monotonic()

    def _hold(self, sink, client):
        held = []
        is_open = True
        try:
            while is_open:
                if select.select([sink], [], [], SILENCE_S / 4)[0]:
                    block = sink.recv(BLOCK_BYTES)
                    held.append(block)
                    is_open = bool(block)
                if held and (not is_open or time.monotonic() > self._heard_at + SILENCE_S):
                    client.sendall(b"".join(held))
                    held.clear()
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass                    # as in pump


def pump(source, sink, heard=lambda: None):
    try:
        while block := source.recv(BLOCK_BYTES):
            heard()
            sink.sendall(block)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass                        # one of the two has closed; the run says whether all was accepted
