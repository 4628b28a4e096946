# The client's side, for the checks: one connection, at most one link, and why it ended.
# SPDX-License-Identifier: Apache-2.0

from proton import Terminus, symbol

from . import endpoints
from .wire import Wire, connect_socket


class Client:
    """Connects, opens, and calls `on_open()`; `on_end(failure)` once, when the wire is gone.

    Subclasses override these and proton's events.
    """

    def __init__(self, loop, host, port, user=None, password=None, idle_timeout_s=0):
        self.loop = loop
        self.is_open = False            # whether an AMQP open has come
        self.wire = Wire(loop, connect_socket(host, port), self, idle_timeout_s=idle_timeout_s)
        self.connection = self.wire.connection
        self.connection.container = "stand-in-check"
        self.connection.hostname = host
        self.connection.open()
        self.wire.start(user=user, password=password, is_connecting=True)

    def attach(self, address, is_sender, name="stand-in-check", filters=None):
        """Asks for a queue, and a durable one: some brokers drop, or refuse, all else."""
        session = self.connection.session()
        session.open()
        link = (session.sender if is_sender else session.receiver)(name)
        terminus = link.target if is_sender else link.source
        terminus.address = address
        terminus.durability = Terminus.DELIVERIES
        terminus.capabilities.put_object(symbol("queue"))
        if filters:
            terminus.filter.put_object(filters)
        link.open()
        return link

    def on_open(self):
        pass

    def on_end(self, failure):
        pass

    def on_connection_remote_open(self, event):
        self.is_open = True
        self.on_open()

    def on_connection_remote_close(self, event):
        event.connection.close()

    def on_link_remote_close(self, event):
        if endpoints.is_open(event.link):
            event.link.close()

    def on_link_remote_detach(self, event):
        self.on_link_remote_close(event)

    def on_wire_lost(self, wire):
        self.on_end(wire.connection.remote_condition or wire.error)
