# The base of every connection of a stand-in, whatever its links are for.
# SPDX-License-Identifier: Apache-2.0

from proton import Condition

from . import endpoints


class PeerConnection:
    """Proton's events, sorted by link.

    `links` maps a link to its end: an object with `on_answer()` for an attach of ours that was
    answered, `on_flow()`, `on_delivery(delivery)`, `on_detach(closed)` for the peer's detach,
    and `on_lost()` for a link that went with its session or its connection. A link without an
    end gets a polite answer.

    Subclasses have `open(connection)` and `on_attach(link)`.
    """

    def __init__(self, faults, due=()):
        """`due`: the faults by their names that this connection meets when it is opened."""
        self.faults = faults
        self.due = due
        self.links = {}
        self.wire = None

    # Opening.

    def on_connection_remote_open(self, event):
        if not endpoints.is_unanswered(event.connection) or "withhold-open" in self.due:
            return
        self.open(event.connection)
        if "close-at-open" in self.due:
            event.connection.condition = Condition(self.due["close-at-open"].condition)
            event.connection.close()

    def on_session_remote_open(self, event):
        if endpoints.is_unanswered(event.session) and not self.faults.session():
            event.session.open()

    def on_link_remote_open(self, event):
        end = self.links.get(event.link)
        if end:
            end.on_answer()
        elif endpoints.is_unanswered(event.link):
            self.on_attach(event.link)

    # While it is open.

    def on_link_flow(self, event):
        end = self.links.get(event.link)
        if end:
            end.on_flow()

    def on_delivery(self, event):
        end = self.links.get(event.link)
        if end:
            end.on_delivery(event.delivery)

    # Closing.

    def on_link_remote_close(self, event):
        self._detached(event.link, closed=True)

    def on_link_remote_detach(self, event):
        event.link.is_detached_remotely = True
        self._detached(event.link, closed=False)

    def on_link_local_close(self, event):
        self._release_if_over(event.link)

    def on_link_local_detach(self, event):
        self._release_if_over(event.link)

    def on_session_remote_close(self, event):
        self._lose([link for link in self.links if link.session == event.session])
        if not self.faults.has("withhold-close"):
            event.session.close()

    def on_connection_remote_close(self, event):
        self._lose(list(self.links))
        if not self.faults.has("withhold-close"):
            event.connection.close()

    def on_wire_lost(self, _):
        self._lose(list(self.links))
        self.on_wire_over()

    def on_wire_over(self):
        pass

    # The rest is private.

    def _detached(self, link, closed):
        end = self.links.get(link)
        if self.faults.has("withhold-close") and not endpoints.is_ended(link):
            self._lose([link] if end else [])
        elif end:
            end.on_detach(closed)
        elif endpoints.is_open(link):
            endpoints.end_link(link, closed=closed)
        self._release_if_over(link)

    def _release_if_over(self, link):
        """Forgets a link that both sides have ended."""
        if not endpoints.is_over(link) or getattr(link, "is_released", False):
            return
        link.is_released = True
        self.links.pop(link, None)
        self.wire.flush()               # what is freed unwritten is never written
        if not link.unsettled:          # and what is freed unsettled is settled on the wire
            link.free()

    def _lose(self, links):
        for link in links:
            end = self.links.pop(link, None)
            if end:
                end.on_lost()
