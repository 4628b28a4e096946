# Link routes: which containers serve a prefix, and which of them a link goes to.
# SPDX-License-Identifier: Apache-2.0

import itertools

from . import log


class LinkRoute:
    """A prefix and a direction, and the connections through which it can be reached now."""

    def __init__(self, prefix, direction, connection_name=None, container_id=None):
        self.prefix = prefix
        self.direction = direction              # "in": from a client to the broker; "out": back
        self.connection_name = connection_name
        self.container_id = container_id
        self.containers = []                    # connections to brokers
        self.neighbours = []                    # connections to routers which have announced it
        self._turn = itertools.count()

    def matches(self, address, direction):
        return direction == self.direction and (
            address == self.prefix or address.startswith((self.prefix + ".", self.prefix + "/")))

    def choose(self, is_from_neighbour):
        """A broker of our own first; what a neighbour sends is not sent back to a neighbour."""
        choices = self.containers or ([] if is_from_neighbour else self.neighbours)
        return choices[next(self._turn) % len(choices)] if choices else None


class LinkRoutes:
    """All link routes of a router. Tells `on_change(route)` when a broker of ours came or went."""

    def __init__(self, routes, on_change):
        self.routes = routes
        self._on_change = on_change

    def find(self, address, direction):
        """The route with the longest prefix, or None: then the address is not link-routed."""
        found = [route for route in self.routes if route.matches(address, direction)]
        return max(found, key=lambda route: len(route.prefix), default=None)

    def container_came(self, connection):
        for route in self.routes:
            if is_served_by(connection, route.connection_name, route.container_id):
                self._change(route, lambda route=route: route.containers.append(connection))
                self._on_change(route)

    def container_went(self, connection):
        for route in self.routes:
            if connection in route.containers:
                self._change(route, lambda route=route: route.containers.remove(connection))
                self._on_change(route)

    def neighbour_announced(self, connection, prefix, direction):
        route = self._of(prefix, direction)
        if connection not in route.neighbours:
            self._change(route, lambda: route.neighbours.append(connection))

    def neighbour_withdrew(self, connection, prefix, direction):
        route = self._of(prefix, direction)
        if connection in route.neighbours:
            self._change(route, lambda: route.neighbours.remove(connection))

    def _of(self, prefix, direction):
        for route in self.routes:
            if (route.prefix, route.direction) == (prefix, direction):
                return route
        route = LinkRoute(prefix, direction)        # a router follows what its network tells it
        self.routes.append(route)
        return route

    def _change(self, route, change):
        """Applies a change, and says so if the prefix can be reached now and could not before."""
        before = self._is_up(route.prefix)
        change()
        after = self._is_up(route.prefix)
        if before != after:
            log.line(f"route {'up' if after else 'down'}: {route.prefix}")

    def _is_up(self, prefix):
        """A prefix is up when all its directions are."""
        same = [route for route in self.routes if route.prefix == prefix]
        return all(route.containers or route.neighbours for route in same)


def is_served_by(connection, name, container_id):
    """Whether a route of the configuration means this connection."""
    return (name is not None and name == connection.name) or (
        container_id is not None and container_id == connection.wire.connection.remote_container)
