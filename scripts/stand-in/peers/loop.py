# The loop: sockets, timers, and the order in which one batch of events is handled.
# SPDX-License-Identifier: Apache-2.0

import heapq
import itertools
import selectors
import time

from .wire import listen_socket, prepare

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Timer:
    """A call that is due later, unless it is cancelled."""

    def __init__(self, function):
        self.function = function

    def cancel(self):
        self.function = None


class Loop:
    """Reads every socket that has something, handles all events of that, then writes.

    `before_writing` is called in between: a broker stores there what it is about to accept.
    """

    def __init__(self):
        self.before_writing = lambda: None
        self._selector = selectors.DefaultSelector()
        self._wires = {}                # wire -> the interest that its socket is registered with
        self._timers = []
        self._timer_order = itertools.count()
        self._is_stopped = False

    def listen(self, host, port, accepted):
        """Calls `accepted(socket)` for each that connects. Returns the port."""
        sock = listen_socket(host, port)

        def accept(_):
            try:
                peer, _ = sock.accept()
            except OSError:
                return                  # it has gone away in the meantime
            prepare(peer)
            accepted(peer)

        self._selector.register(sock, READ, accept)
        return sock.getsockname()[1]

    def on_readable(self, sock, function):
        """Calls the function whenever there is something to read, which it reads."""
        self._selector.register(sock, READ, lambda _: function())

    def call_later(self, delay_s, function):
        timer = Timer(function)
        due_at = time.monotonic() + delay_s
        heapq.heappush(self._timers, (due_at, next(self._timer_order), timer))
        return timer

    def run(self):
        while not self._is_stopped:
            self._handle()
            self._wait()

    def stop(self):
        self._is_stopped = True

    # Called by wires.

    def add(self, wire):
        self._wires[wire] = READ | WRITE
        self._selector.register(wire.socket, READ | WRITE,
                                lambda mask: wire.ready(mask & READ))
        wire.tick(time.monotonic())

    def remove(self, wire):
        self.forget_socket(wire)
        self._wires.pop(wire, None)

    def forget_socket(self, wire):
        if self._wires.get(wire):
            self._selector.unregister(wire.socket)
            self._wires[wire] = None

    # The rest is private.

    def _handle(self):
        """Until nothing is left to do: events first, all of them, then the bytes they lead to."""
        is_busy = True
        while is_busy:
            self._dispatch()
            self.before_writing()
            for wire in list(self._wires):
                wire.flush()
            over = [wire for wire in self._wires if wire.is_over]
            for wire in over:
                wire.dispatch()
                wire.bury()
            is_busy = bool(over) or any([wire.dispatch() for wire in list(self._wires)])

    def _dispatch(self):
        while any([wire.dispatch() for wire in list(self._wires)]):
            pass

    def _wait(self):
        if self._is_stopped:
            return
        for wire, registered in self._wires.items():
            wanted = READ | (WRITE if wire.is_waiting_to_write else 0)
            if registered and registered != wanted:
                key = self._selector.get_key(wire.socket)
                self._selector.modify(wire.socket, wanted, key.data)
                self._wires[wire] = wanted
        for key, mask in self._selector.select(self._timeout()):
            key.data(mask)
        now = time.monotonic()
        for wire in list(self._wires):
            if wire.tick_at is not None and wire.tick_at <= now:
                wire.tick(now)
        # All that has come by now was in time.
        self._dispatch()
        self._run_timers(now)

    def _timeout(self):
        moments = [wire.tick_at for wire in self._wires if wire.tick_at is not None]
        if self._timers:
            moments.append(self._timers[0][0])
        return max(0, min(moments) - time.monotonic()) if moments else None

    def _run_timers(self, now):
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            if timer.function:
                timer.function()
