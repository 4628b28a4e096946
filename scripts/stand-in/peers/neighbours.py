# Two stand-in routers tell each other the addresses that can be reached through them.
# SPDX-License-Identifier: Apache-2.0

"""An announcement is a link without messages: its attach announces, its end withdraws.

So a lost connection withdraws everything that came over it, and nothing has to be remembered.
The real routers have a protocol of their own for this; a stand-in talks to stand-ins only.
"""

from proton import symbol

from . import endpoints

ANNOUNCES = symbol("stand-in:announces")
ADDRESS = "stand-in.announcement"
LINK_ROUTE, CONSUMER = "link-route", "consumer"


class Neighbours:
    """The connections to other routers, and what we announce on them."""

    def __init__(self, link_routes, message_routes):
        self.link_routes = link_routes
        self.message_routes = message_routes
        self._announced = {}        # what -> {connection: the link that announces it}
        self._connections = []

    def came(self, connection):
        self._connections.append(connection)
        for what, links in self._announced.items():
            links[connection] = self._announce(connection, what)

    def went(self, connection):
        self._connections.remove(connection)
        for links in self._announced.values():
            links.pop(connection, None)

    def route_changed(self, route):
        self._set((LINK_ROUTE, route.direction, route.prefix), bool(route.containers))

    def address_changed(self, address):
        self._set((CONSUMER, "out", address.name), address.local_consumer_count > 0)

    def heard(self, connection, link):
        """Whether the attach of `link` is an announcement; if so, it is taken care of."""
        what = (link.remote_properties or {}).get(ANNOUNCES)
        if not what:
            return False
        connection.links[link] = Announcement(self, connection, link, *what)
        return True

    def _set(self, what, is_reachable):
        if is_reachable and what not in self._announced:
            self._announced[what] = {connection: self._announce(connection, what)
                                     for connection in self._connections}
        elif not is_reachable and what in self._announced:
            for link in self._announced.pop(what).values():
                endpoints.end_link(link)

    def _announce(self, connection, what):
        link = connection.open_link(":".join(what), is_sender=True)
        link.target.address = ADDRESS
        link.properties = {ANNOUNCES: list(what)}
        link.open()
        return link


class Announcement:
    """The end of a link by which a neighbour announces something."""

    def __init__(self, neighbours, connection, link, kind, direction, name):
        self.neighbours = neighbours
        self.connection = connection
        self.link = link
        self.kind, self.direction, self.name = kind, direction, name
        self._consumer = None
        endpoints.copy_attach(link, link)
        link.open()
        if kind == LINK_ROUTE:
            neighbours.link_routes.neighbour_announced(connection, name, direction)
        else:
            self._consumer = neighbours.message_routes.attach_consumer(
                connection, name, is_ours=False)

    def on_detach(self, closed):
        self.on_lost()
        endpoints.end_link(self.link, closed=closed)

    def on_lost(self):
        if self.kind == LINK_ROUTE:
            self.neighbours.link_routes.neighbour_withdrew(
                self.connection, self.name, self.direction)
        else:
            self._consumer.on_lost()
            if endpoints.is_open(self._consumer.link):
                endpoints.end_link(self._consumer.link)
