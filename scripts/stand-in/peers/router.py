# The router: its listeners and connectors, and where an attach goes.
# SPDX-License-Identifier: Apache-2.0

import itertools

from . import configuration, endpoints, log
from .faults import Faults
from .link_routes import LinkRoute, LinkRoutes, is_served_by
from .message_routes import MessageRoutes
from .neighbours import Neighbours
from .routed_link import RoutedLink
from .router_connection import INTER_ROUTER, NORMAL, ROLES, ROUTE_CONTAINER, RouterConnection
from .sasl import SaslServer
from .wire import FRAME_SIZE_MAX_BYTES, Wire, connect_socket


class Router:
    """What qdrouterd does with the same configuration, as far as a sender can see it."""

    def __init__(self, loop, sections, options):
        self.loop = loop
        self.options = options
        self.faults = Faults(options.misbehave)
        self.container_id = next(
            (section.text("id", "stand-in-router") for section in sections
             if section.name == "router"), "stand-in-router")
        self.link_routes = LinkRoutes([link_route(section) for section in sections
                                       if section.name == "linkRoute"],
                                      lambda route: self.neighbours.route_changed(route))
        self.message_routes = MessageRoutes(
            lambda address: self.neighbours.address_changed(address))
        self.neighbours = Neighbours(self.link_routes, self.message_routes)
        self._auto_links = [section for section in sections if section.name == "autoLink"]
        self._link_numbers = itertools.count(1)
        self._listeners = [Listener(self, section) for section in sections
                           if section.name == "listener"]
        self._connectors = [Connector(self, section) for section in sections
                            if section.name == "connector"]

    def start(self):
        for endpoint in self._listeners + self._connectors:
            endpoint.start()

    def next_link_number(self):
        return next(self._link_numbers)

    def faults_of(self, role):
        """Only what a client sees is misbehaved."""
        return self.faults if role == NORMAL else Faults()

    def attach(self, connection, link, name):
        is_from_neighbour = connection.role == INTER_ROUTER
        if is_from_neighbour and self.neighbours.heard(connection, link):
            return
        route = self.link_routes.find(name, "in" if link.is_receiver else "out")
        if not route:
            self.message_routes.attach(connection, link, name)
            return
        container = route.choose(is_from_neighbour)
        if container:
            RoutedLink(self, connection, link, container)
        else:
            endpoints.refuse(link, endpoints.NO_ROUTE)

    def connection_came(self, connection):
        if connection.role == ROUTE_CONTAINER:
            self.link_routes.container_came(connection)
            self._attach_auto_links(connection)
        elif connection.role == INTER_ROUTER:
            self.neighbours.came(connection)

    def _attach_auto_links(self, connection):
        for section in self._auto_links:
            if is_served_by(connection, section["connection"], section["containerId"]):
                name = section.text("address")
                if section.choice("direction", ("in", "out"), None) == "out":
                    self.message_routes.attach_consumer(connection, name, is_ours=True)
                else:
                    self.message_routes.attach_producer(connection, name)

    def connection_went(self, connection):
        if connection.role == ROUTE_CONTAINER:
            self.link_routes.container_went(connection)
        elif connection.role == INTER_ROUTER:
            self.neighbours.went(connection)

    def idle_timeout_s(self, role, section):
        if role == ROUTE_CONTAINER and self.options.broker_idle_timeout is not None:
            return self.options.broker_idle_timeout
        return section.number("idleTimeoutSeconds", configuration.IDLE_TIMEOUT_S)


class Endpoint:
    """What a listener and a connector have in common."""

    def __init__(self, router, section):
        self.router = router
        self.host = section["host"] or "127.0.0.1"
        self.port = section.port()
        self.name = section["name"]
        self.role = section.choice("role", ROLES, NORMAL)
        self.capacity = section.number("linkCapacity", configuration.LINK_CAPACITY)
        self.mechanisms = section.text("saslMechanisms", "ANONYMOUS").split()
        self.user, self.password = section["saslUsername"], section["saslPassword"]
        self.is_console = section.is_set("http")
        self._wire_options = {
            "idle_timeout_s": router.idle_timeout_s(self.role, section),
            "frame_size_max": section.number("maxFrameSize", FRAME_SIZE_MAX_BYTES)}

    def connection(self, **more):
        return RouterConnection(self.router, self.role, self.name, self.capacity, **more)

    def wire(self, sock, connection, server=None):
        connection.wire = Wire(self.router.loop, sock, connection, server=server,
                               **self._wire_options)
        return connection.wire


class Listener(Endpoint):
    def start(self):
        if self.is_console:
            log.line(f"console on {self.host}:{self.port} is not served: this is a stand-in")
            return
        self.port = self.router.loop.listen(self.host, self.port, self._accepted)
        log.line(f"listening on {self.host}:{self.port} ({self.role})")

    def _accepted(self, sock):
        due = self.router.faults_of(self.role).connection()
        server = SaslServer(self.mechanisms, "refuse-login" in due)
        self.wire(sock, self.connection(due=due), server).start()


class Connector(Endpoint):
    """Keeps one connection; when it is away, tries again."""

    def start(self):
        try:
            sock = connect_socket(self.host, self.port)
        except OSError:
            self._retry()
            return
        connection = self.connection(on_over=self._retry)
        wire = self.wire(sock, connection)
        connection.open(wire.connection)
        wire.start(user=self.user, password=self.password, is_connecting=True)

    def _retry(self):
        self.router.loop.call_later(self.router.options.connector_retry, self.start)


def link_route(section):
    prefix = section["prefix"] or section["pattern"]
    if not prefix:
        raise section.wrong("prefix is missing")
    direction = section.choice("direction", ("in", "out"), None)
    return LinkRoute(prefix.removesuffix(".#").removesuffix("/#"), direction,
                     section["connection"], section["containerId"])
