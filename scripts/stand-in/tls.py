#!/usr/bin/python3
# TLS in front of a peer that has none: ends it here and passes on what is inside.
# SPDX-License-Identifier: Apache-2.0

import argparse
import contextlib
import socket
import ssl
import threading

from peers import commands, log

CHUNK_SIZE_BYTES = 65536
HANDSHAKE_TIMEOUT_S = 10


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="TLS for tests and demonstrations, in front of a stand-in or another peer "
                    "without it. Not for production.")
    parser.add_argument("--listen", metavar="HOST:PORT", required=True, type=commands.host_port,
                        help="port 0: a free one; the line `listening on` says which")
    parser.add_argument("--to", metavar="HOST:PORT", required=True, type=commands.host_port,
                        help="the peer that gets what comes out of TLS")
    parser.add_argument("--cert", metavar="FILE", required=True,
                        help="PEM file of the certificate, and of those behind it")
    parser.add_argument("--key", metavar="FILE", required=True, help="PEM file of its key")
    parser.add_argument("--client-ca", metavar="FILE",
                        help="ask for a client certificate of this authority")
    parser.add_argument("--tls-1.2", dest="is_old", action="store_true",
                        help="speak no later version than 1.2")
    return parser.parse_args()


def make_context(options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.client_ca)
    if options.is_old:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.sni_callback = lambda _, name, __: log.line(f"asked for {name}")
    return context


def serve(plain, context, peer_address):
    """One connection; its failures are its own."""
    with contextlib.suppress(OSError), plain:
        plain.settimeout(HANDSHAKE_TIMEOUT_S)
        try:
            client = context.wrap_socket(plain, server_side=True)
        except OSError as failure:
            log.line(f"handshake failed: {failure}")
            raise
        with client:
            client.settimeout(None)
            log.line(f"handshake done: {client.version()}")
            with socket.create_connection(peer_address) as peer:
                back = threading.Thread(target=pump, args=(peer, client), daemon=True)
                back.start()
                pump(client, peer)
                back.join()


def pump(source, sink):
    """Until one of them ends; then both end, and with them the pump of the other direction."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK_SIZE_BYTES):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def main():
    options = parse_arguments()
    commands.die_at_once_when_told_to()
    with commands.failures_in_one_sentence():
        context = make_context(options)
        listener = socket.create_server(options.listen)
    host, port = listener.getsockname()[:2]
    log.line(f"listening on {host}:{port}")
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=serve, args=(plain, context, options.to), daemon=True).start()


if __name__ == "__main__":
    main()
