# This machine: its loopback address, Debian's Python, and free ports.
# SPDX-License-Identifier: Apache-2.0

import random
import socket

HOST = "127.0.0.1"
PYTHON = "/usr/bin/python3"
# Below those that the system gives to whoever connects: a client that tries a port without a listener at the moment
# may be given that very port for its own end, and be connected to itself.
PORTS = range(10240, 32000)
_given = set()


def free_port():
    """A port where nothing listens at the moment, and that this process has not been given before."""
    while True:
        port = random.choice(PORTS)
        if port in _given:
            continue
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, port))
            except OSError:
                continue
        _given.add(port)
        return port
