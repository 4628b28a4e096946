# One AMQP connection over one socket: bytes in, events out, bytes out.
# SPDX-License-Identifier: Apache-2.0

import os
import socket
import time

from proton import Collector, Connection, Transport, TransportException

from . import sasl

READ_SIZE_BYTES = 65536
FRAME_SIZE_MAX_BYTES = 16384


class Wire:
    """Drives proton's engine for a socket and calls `handler.on_<event>(event)` for what happens.

    `handler.on_wire_lost(wire)` is called once at the end, whichever way it ended.
    """

    def __init__(self, loop, sock, handler, *, server=None, idle_timeout_s=0,
                 frame_size_max=FRAME_SIZE_MAX_BYTES):
        """`server`: a SaslServer when the peer connected to us; None when we connect."""
        self.loop = loop
        self.socket = sock
        self.handler = handler
        self.connection = Connection()
        self.transport = Transport(Transport.SERVER if server else None)
        self.transport.max_frame_size = frame_size_max
        self.transport.idle_timeout = idle_timeout_s
        self.tick_at = None
        self.is_hung = False
        self.is_over = False
        self.is_aborted = False
        self.error = None
        self._collector = Collector()
        self.connection.collect(self._collector)
        self._sasl = server
        self._sasl_output = b""
        self._is_connecting = False
        self._wants_write = False

    def start(self, *, user=None, password=None, is_connecting=False):
        self._is_connecting = is_connecting
        if not self._sasl:
            security = self.transport.sasl()
            security.allow_insecure_mechs = True
            if user:
                self.connection.user, self.connection.password = user, password or ""
                # Proton would take EXTERNAL wherever it is offered.
                security.allowed_mechs("PLAIN")
            else:
                security.allowed_mechs("ANONYMOUS")
        self.transport.bind(self.connection)
        self.loop.add(self)

    @property
    def is_waiting_to_write(self):
        return self._is_connecting or self._wants_write

    # Called by the loop.

    def ready(self, readable):
        if self._is_connecting:
            self._finish_connecting()
        elif readable:
            self._read()
        self.tick(time.monotonic())

    def tick(self, now):
        """Heartbeats and the idle time-out, which proton computes from a monotonic `now`."""
        if self.is_hung or self.is_over or self._is_connecting:
            return
        was_well = not self.transport.condition
        self.tick_at = self.transport.tick(now) or None
        if was_well and self.transport.condition:       # the peer has been silent for too long
            self.flush()
            self._over(None)

    def dispatch(self):
        """Hands every event to the handler. Returns whether there was one."""
        any_event = False
        event = self._collector.peek()
        while event and not self.is_aborted and not self.is_hung:
            any_event = True
            method = getattr(self.handler, event.type.method, None)
            if method:
                method(event)
            self._collector.pop()
            event = self._collector.peek()
        return any_event

    def bury(self):
        """The last thing that happens to a wire that is over."""
        self._collector.release()
        self.tick_at = None
        self.loop.remove(self)
        self.socket.close()
        self.handler.on_wire_lost(self)
        self.transport.unbind()

    # Called by handlers.

    def flush(self):
        """Writes what can be written, so that what comes later stands behind it on the wire."""
        if self.is_hung or self.is_over or self._is_connecting:
            return
        try:
            self._write()
        except OSError as failure:
            self._over(failure)
        if self.transport.closed:
            self._over(None)

    def abort(self):
        """Ends the TCP connection without a word."""
        self.is_aborted = True
        self._over(None)

    def hang(self):
        """Neither reads nor writes from now on; the socket stays open."""
        self.is_hung = True
        self.tick_at = None
        self.loop.forget_socket(self)

    # The rest is private.

    def _finish_connecting(self):
        self._is_connecting = False
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._over(OSError(code, os.strerror(code)))

    def _read(self):
        capacity = READ_SIZE_BYTES if self._sasl else self._capacity()
        if capacity <= 0:
            return
        try:
            data = self.socket.recv(min(capacity, READ_SIZE_BYTES))
        except BlockingIOError:
            return
        except OSError as failure:
            self._over(failure)
            return
        if not data:
            self._over(None)
            return
        try:
            self._take(data)
        except (sasl.NotAmqp, TransportException, OverflowError) as failure:
            self._over(failure)

    def _take(self, data):
        if self._sasl:
            answer, data = self._sasl.receive(data)
            self._sasl_output += answer
            if not (self._sasl.is_done or self._sasl.is_refused):
                return
            if self._sasl.is_refused:
                self.flush()
                self._over(None)
                return
            self._sasl = None
        while data:
            capacity = self._capacity()
            if capacity <= 0:
                return
            self.transport.push(data[:capacity])
            data = data[capacity:]
            if data:
                self.dispatch()

    def _capacity(self):
        try:
            return self.transport.capacity()
        except TransportException:
            return -1

    def _write(self):
        self._wants_write = False
        while self._sasl_output:
            sent = self._send(self._sasl_output)
            if not sent:
                return
            self._sasl_output = self._sasl_output[sent:]
        if self._sasl:
            return
        while True:
            try:
                pending = self.transport.pending()
            except TransportException:      # proton's way to say that its head is closed
                return
            if pending <= 0:
                return
            sent = self._send(self.transport.peek(pending))
            if not sent:
                return
            self.transport.pop(sent)

    def _send(self, data):
        try:
            return self.socket.send(data)
        except BlockingIOError:
            self._wants_write = True
            return 0

    def _over(self, failure):
        if not self.is_over:
            self.is_over = True
            self.error = failure or self.transport.condition


def listen_socket(host, port):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
    sock.bind((host, port))
    sock.listen(64)
    sock.setblocking(False)
    return sock


def connect_socket(host, port):
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    prepare(sock)
    try:
        sock.connect(address)
    except BlockingIOError:
        pass
    except OSError:
        sock.close()
        raise
    return sock


def prepare(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    sock.setblocking(False)

