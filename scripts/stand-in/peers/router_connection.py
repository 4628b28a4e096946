# A connection of the router, in one of its roles.
# SPDX-License-Identifier: Apache-2.0

import itertools

from proton import Condition, Terminus, symbol

from . import endpoints, misconduct
from .connection import PeerConnection

_NUMBERS = itertools.count(1)
CAPABILITIES = endpoints.symbols("ANONYMOUS-RELAY", "qd.streaming-links")

NORMAL, ROUTE_CONTAINER, INTER_ROUTER = "normal", "route-container", "inter-router"
ROLES = (NORMAL, ROUTE_CONTAINER, INTER_ROUTER)


class RouterConnection(PeerConnection):
    """One connection to a client, a broker or another router."""

    def __init__(self, router, role, name, link_capacity, due=(), on_over=lambda: None):
        super().__init__(router.faults_of(role), due)
        self.router = router
        self.role = role
        self.name = name                    # of the listener or connector
        self.link_capacity = link_capacity
        self.number = next(_NUMBERS)
        self.was_silent = False             # lost since nothing came any more
        self._on_over = on_over
        self._session = None
        self._has_come = False              # open, and known to the router

    def open(self, connection):
        connection.container = self.router.container_id
        connection.offered_capabilities = CAPABILITIES
        connection.desired_capabilities = CAPABILITIES
        connection.properties = {symbol("product"): "stand-in-router", symbol("version"): "1",
                                 symbol("qd.conn-id"): self.number}
        connection.open()

    def open_link(self, name, is_sender):
        """A link of ours, not yet attached; its name is new on this connection."""
        if not self._session:
            self._session = self.wire.connection.session()
            self._session.open()
        name = f"{name}.{self.router.next_link_number()}"
        return self._session.sender(name) if is_sender else self._session.receiver(name)

    def open_link_like(self, link):
        """Attaches what a client has attached to us, in its words."""
        copy = self.open_link(link.name, is_sender=link.is_receiver)
        endpoints.copy_attach(copy, link)
        copy.open()
        return copy

    def on_connection_remote_open(self, event):
        super().on_connection_remote_open(event)
        if not self._has_come:
            self._has_come = True
            self.router.connection_came(self)

    def on_attach(self, link):
        terminus = link.remote_target if link.is_receiver else link.remote_source
        if terminus.type == Terminus.COORDINATOR or not terminus.address:
            endpoints.refuse(link, Condition("amqp:not-implemented", "an address is needed"))
        else:
            fault = self.faults.attach() if link.is_receiver else None
            if fault:
                misconduct.meet_attach(link, fault)
            else:
                self.router.attach(self, link, terminus.address)

    def on_session_remote_close(self, event):
        super().on_session_remote_close(event)
        if event.session == self._session:
            self._session = None

    def on_transport_error(self, event):
        condition = event.transport.condition
        self.was_silent = bool(condition and condition.name == "amqp:resource-limit-exceeded")

    def on_connection_remote_close(self, event):
        self._went()
        super().on_connection_remote_close(event)

    def on_wire_lost(self, wire):
        self._went()
        super().on_wire_lost(wire)

    def on_wire_over(self):
        self._on_over()

    def _went(self):
        if self._has_come:
            self._has_come = False
            self.router.connection_went(self)
