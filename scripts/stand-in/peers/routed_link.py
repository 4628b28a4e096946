# A client's link, and the link behind it to the broker (or to the next router) joined to it.
# SPDX-License-Identifier: Apache-2.0

from . import endpoints, misconduct
from .link_loss import LinkLoss


class RoutedLink:
    """Passes everything on, both ways, and keeps nothing.

    `near` was attached by the client, `far` by us on its behalf. `incoming` is the one of them on
    which messages come in, `outgoing` the one on which they leave.
    """

    def __init__(self, router, near_connection, near, far_connection):
        self.router = router
        self.near_connection, self.near = near_connection, near
        self.far_connection = far_connection
        self.far = far_connection.open_link_like(near)
        self.incoming, self.outgoing = (
            (near, self.far) if near.is_receiver else (self.far, near))
        self.loss = None                    # set once the route behind `near` is gone
        self.sent_on = {}                   # incoming delivery -> outgoing delivery, unsettled
        self.withheld = []                  # incoming deliveries whose outcome a fault holds back
        self._came_from = {}                # the same the other way round
        self._withholding = set()
        self._next_tag = 0
        near_connection.links[near] = Side(self, near)
        far_connection.links[self.far] = Side(self, self.far)

    # What the peers do, told by the sides.

    def answered(self):
        """The broker has answered the attach: so do we, in its words."""
        if not endpoints.is_unanswered(self.near):
            return
        endpoints.copy_attach(self.near, self.far)
        self.near.open()
        self.pass_credit()

    def flow(self, link):
        if self.loss:
            return
        if link == self.outgoing:
            self.pass_credit()
        elif self.incoming.drained():
            self.outgoing.drained()

    def pass_credit(self):
        """The credit that the receiving end has granted is what the sending end gets."""
        if not endpoints.is_open(self.incoming):
            return
        credit = self.outgoing.credit - self.incoming.credit
        maximum = self.router.faults.credit_max
        if maximum is not None and self.incoming == self.near:
            credit = min(credit, maximum - self.router.credit_given)
            self.router.credit_given += max(credit, 0)
        is_drain = self.outgoing.drain_mode
        if is_drain != self.incoming.drain_mode:
            self.incoming.drain_mode = is_drain
            self.incoming.flow(credit)
        elif credit:
            self.incoming.flow(credit)

    def message(self, delivery):
        """A message, or a piece of one, on `incoming`."""
        if self.loss:
            self.loss.message(delivery)
            return
        sent = self.sent_on.get(delivery) or self._send_on(delivery)
        data = self.incoming.recv(delivery.pending)
        if data:
            self.outgoing.stream(data)
        if delivery.aborted:
            sent.abort()
            self._forget(delivery, sent)
            delivery.settle()
        elif not delivery.partial:
            self.incoming.advance()
            self.outgoing.advance()
            if delivery.settled:
                self._forget(delivery, sent)
                sent.settle()
                delivery.settle()
            if self.incoming == self.near:
                self._misbehave(delivery)

    def outcome(self, sent):
        """The receiving end has given a delivery a state, or settled it."""
        delivery = self._came_from.get(sent)
        if delivery is None:
            sent.settle()
        elif delivery in self._withholding:
            if sent.settled:
                sent.settle()
                del self._came_from[sent]
                self.sent_on.pop(delivery)
                self.withheld.append(delivery)
        else:
            pass_state(delivery, sent)
            if sent.settled:
                self._forget(delivery, sent)

    def sender_update(self, delivery):
        """The sending end has changed the state of a delivery, or settled it."""
        sent = self.sent_on.get(delivery)
        if sent:
            pass_state(sent, delivery)
            if delivery.settled:
                self._forget(delivery, sent)

    def detached(self, link, closed):
        other = self.far if link == self.near else self.near
        condition = link.remote_condition
        if endpoints.is_ended(link):            # the answer to a detach of ours
            return
        if link == self.near:
            self._near_went(condition, closed)
            endpoints.end_link(link, closed=closed)
            self._late_outcomes()
        elif endpoints.is_unanswered(other):
            self.loss = LinkLoss(self)
            self.loss.refused(condition, closed)
            endpoints.end_link(link, closed=closed)
        else:
            self.loss = LinkLoss(self)
            self.loss.detached(condition, closed)
            endpoints.end_link(link, closed=closed)

    def lost(self, link):
        """The session or connection of `link` is gone, with no word about the link."""
        if link == self.near:
            self._near_went(endpoints.ROUTED_LINK_LOST, True)
        elif not self.loss and not endpoints.is_ended(self.near):
            self.loss = LinkLoss(self)
            self.loss.connection_lost(self.far_connection)

    # The rest is private.

    def _send_on(self, delivery):
        self._next_tag += 1
        sent = self.outgoing.delivery(str(self._next_tag))
        self.sent_on[delivery] = sent
        self._came_from[sent] = delivery
        return sent

    def _forget(self, delivery, sent):
        self.sent_on.pop(delivery, None)
        self._came_from.pop(sent, None)

    def _near_went(self, condition, closed):
        if self.loss:
            self.loss.end()
        elif endpoints.is_open(self.far):
            endpoints.end_link(self.far, condition, closed)

    def _misbehave(self, delivery):
        fault, link_faults = self.router.faults.message()
        if fault and delivery in self.sent_on:
            if misconduct.settle(delivery, fault):
                self._forget(delivery, self.sent_on[delivery])
            else:
                self._withholding.add(delivery)
        for link_fault in link_faults:
            self.near_connection.wire.flush()
            if link_fault.name == "drain":
                self.near.drain_mode = True
                self.near.flow(0)
            elif link_fault.name in ("detach", "close-link"):
                self._end_near(link_fault)
            else:
                misconduct.end(self.near, self.near_connection.wire, link_fault)

    def _end_near(self, fault):
        if self.router.faults.has("outcomes-before-detach"):
            self._accept_withheld()
        misconduct.end(self.near, self.near_connection.wire, fault)
        self.loss = LinkLoss(self)
        if endpoints.is_open(self.far):
            endpoints.end_link(self.far)
        self._late_outcomes()

    def _late_outcomes(self):
        if self.router.faults.has("outcomes-after-detach"):
            self.near_connection.wire.flush()
            self._accept_withheld()

    def _accept_withheld(self):
        for delivery in self.withheld:
            misconduct.accept(delivery)
        self.withheld.clear()


class Side:
    """One of the two links of a routed link, as its connection sees it."""

    def __init__(self, routed, link):
        self.routed = routed
        self.link = link

    def on_answer(self):
        self.routed.answered()

    def on_flow(self):
        self.routed.flow(self.link)

    def on_delivery(self, delivery):
        if self.link == self.routed.outgoing:
            if delivery.updated:
                self.routed.outcome(delivery)
        elif delivery.readable:
            self.routed.message(delivery)
        elif delivery.updated:
            self.routed.sender_update(delivery)

    def on_detach(self, closed):
        self.routed.detached(self.link, closed)

    def on_lost(self):
        self.routed.lost(self.link)


def pass_state(delivery, other):
    endpoints.copy_state(delivery, other)
    if other.settled:
        delivery.settle()
        other.settle()
