# Ends a link whose route is lost, as its client sees it: outcomes, the detach, rejections.
# SPDX-License-Identifier: Apache-2.0

from proton import Delivery

from . import endpoints

REJECTIONS = ("after", "before", "both", "without-detach", "none")
UNANSWERED_EVERY = 10       # with outcomes `mixed`, each tenth delivery in flight gets none


class LinkLoss:
    """The end of a routed link whose far side is gone."""

    def __init__(self, routed):
        self.routed = routed
        self.options = routed.router.options
        self.near = routed.near
        self._hold = None               # the timer behind which the detach waits

    def detached(self, condition, closed):
        """The broker has detached the link itself: its condition and its `closed` are passed on.

        Outcomes that it gives afterwards still are, too, until the client has answered.
        """
        if endpoints.is_unanswered(self.near):
            endpoints.refuse(self.near, condition)
        else:
            endpoints.end_link(self.near, condition, closed)

    def connection_lost(self):
        """The broker has gone away, or hangs."""
        if endpoints.is_unanswered(self.near):
            endpoints.refuse(self.near, endpoints.ROUTED_LINK_LOST)
            return
        if self.routed.incoming == self.near:
            self._settle_in_flight()
        when = self.options.routing_failures
        if self.near.is_sender or when in ("after", "none"):
            self._detach()
        elif when != "without-detach":
            loop = self.routed.near_connection.wire.loop
            self._hold = loop.call_later(self.options.detach_hold, self._end_hold)

    def message(self, delivery):
        """A message that comes after the route has gone never reaches a broker."""
        if not delivery.readable or delivery.partial:
            return
        self.near.recv(delivery.pending)
        self.near.advance()
        is_detached = endpoints.is_ended(self.near)
        if is_detached and self.options.routing_failures in ("before", "none"):
            return
        endpoints.settle(delivery, Delivery.REJECTED, endpoints.ROUTING_FAILURE)
        if not is_detached:
            self.near.flow(1)
        if self._hold:
            self._end_hold()

    def over(self, closed):
        """The client has answered, or is gone itself."""
        if self._hold:
            self._hold.cancel()
            self._hold = None
        if endpoints.is_open(self.routed.far):
            endpoints.end_link(self.routed.far, closed=closed)

    def _end_hold(self):
        self._hold.cancel()
        self._hold = None
        self.routed.near_connection.wire.flush()
        self._detach()

    def _detach(self):
        endpoints.end_link(self.near, endpoints.ROUTED_LINK_LOST,
                           closed=not endpoints.survives_its_link(self.near))

    def _settle_in_flight(self):
        """Modified what the broker may have had, released what never left us, and some nothing."""
        deliveries, unsent_count = self.routed.unsettled()
        first_unsent = len(deliveries) - unsent_count
        is_hang = self.routed.far_connection.was_silent
        for index, delivery in enumerate(deliveries):
            if index >= first_unsent:
                endpoints.settle(delivery, Delivery.RELEASED)
            elif self._gets_outcome(index, is_hang):
                endpoints.settle(delivery, Delivery.MODIFIED)

    def _gets_outcome(self, index, is_hang):
        wanted = self.options.loss_outcomes
        if wanted == "mixed":
            return is_hang or (index + 1) % UNANSWERED_EVERY != 0
        return wanted == "modified"
