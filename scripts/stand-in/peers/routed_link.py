# A client's link, joined to the link behind it to the broker (or to the next router).
# SPDX-License-Identifier: Apache-2.0

from proton import Delivery, Endpoint

from . import endpoints, log, misconduct
from .link_loss import LinkLoss


class RoutedLink:
    """Passes everything on, both ways, and keeps nothing.

    `near` was attached by the client, `far` by us on its behalf. `incoming` is the one of them on
    which messages come in, `outgoing` the one on which they leave.
    """

    def __init__(self, router, near_connection, near, far_connection):
        self.router = router
        self.faults = near_connection.faults
        self.near_connection, self.far_connection = near_connection, far_connection
        self.near, self.far = near, far_connection.open_link_like(near)
        self.incoming, self.outgoing = (
            (near, self.far) if near.is_receiver else (self.far, near))
        self.loss = None                # a LinkLoss, once the route behind `near` is gone
        self.sent_on = {}               # incoming delivery -> the outgoing one, while unsettled
        self._came_from = {}            # the same the other way round
        self._withheld = {}             # incoming deliveries whose outcome a fault holds back:
                                        # whether the broker has given it
        self._is_near_gone = False
        self._next_tag = 0
        near_connection.links[near] = Side(self, near)
        far_connection.links[self.far] = Side(self, self.far)

    # Acts of the peers, told by the sides.

    def answered(self):
        """The broker has answered the attach: so do we, in its words."""
        if endpoints.is_unanswered(self.near):
            endpoints.copy_attach(self.near, self.far)
            self.near.open()
            log.line(f"link up: {self.near.name}")
            self.pass_credit()

    def flow(self, link):
        if self.loss:
            return
        if link == self.incoming and self.incoming.drained() and self.outgoing.drain_mode:
            self.outgoing.drained()
        else:
            self.pass_credit()

    def pass_credit(self):
        """The credit that the receiving end has granted is what the sending end gets."""
        if not endpoints.is_open(self.incoming):
            return
        credit = self.outgoing.credit - self.incoming.credit
        if self.incoming == self.near:
            credit = self.faults.limit_credit(credit)
        if self.outgoing.drain_mode != self.incoming.drain_mode:
            self.incoming.drain_mode = self.outgoing.drain_mode
            self.incoming.flow(credit)
        elif credit:
            self.incoming.flow(credit)

    def message(self, delivery):
        """A message, or a piece of one, on `incoming`."""
        if self._is_near_gone:
            return
        if self.loss:
            self.loss.message(delivery)
            return
        sent = self.sent_on.get(delivery)
        if not sent:
            if delivery.partial and not delivery.pending:
                return
            sent = self._send_on(delivery)
        data = self.incoming.recv(delivery.pending)
        if data:
            self.outgoing.stream(data)
        if delivery.aborted:
            sent.abort()
            self._settled(delivery, sent)
        elif not delivery.partial:
            self.incoming.advance()
            self.outgoing.advance()
            if delivery.settled:
                self._settled(delivery, sent)

    def outcome(self, sent):
        """The receiving end has given a delivery a state, or settled it."""
        delivery = self._came_from.get(sent)
        if delivery is None:
            sent.settle()
        elif delivery in self._withheld:
            if sent.settled:
                self._forget(delivery)
                sent.settle()
                self._withheld[delivery] = True
        else:
            endpoints.copy_state(delivery, sent)
            if sent.settled:
                self._settled(delivery, sent)

    def sender_update(self, delivery):
        """The sending end has changed the state of a delivery, or settled it."""
        sent = self.sent_on.get(delivery)
        if sent:
            endpoints.copy_state(sent, delivery)
            if delivery.settled:
                self._settled(delivery, sent)

    def detached(self, link, closed):
        """A detach of one side is answered at once, and passed on."""
        if link == self.near:
            if self.loss:
                self.loss.over(closed)
            elif endpoints.is_open(self.far):
                endpoints.end_link(self.far, link.remote_condition, closed)
            if not endpoints.is_ended(self.near):
                endpoints.end_link(self.near, closed=closed)
                self._late_outcomes()
        elif self._can_lose_near():
            self.loss = LinkLoss(self)
            self.loss.detached(link.remote_condition, closed)
        elif not endpoints.is_ended(self.far):
            endpoints.end_link(self.far, closed=closed)

    def lost(self, link):
        """The session or connection of `link` is gone, without a word about the link."""
        if link == self.near:
            self._is_near_gone = True
            if self.loss:
                self.loss.over(True)
            elif endpoints.is_open(self.far):
                endpoints.end_link(self.far, endpoints.ROUTED_LINK_LOST)
        elif self._can_lose_near() and not self._is_never_answered():
            self.loss = LinkLoss(self)
            self.loss.connection_lost()

    # Acts of a router that misbehaves itself.

    def message_with_faults(self, delivery):
        """Like `message`, for a router that was told to misbehave."""
        if self.loss or delivery.partial or delivery in self.sent_on:
            self.message(delivery)      # faults befall messages that are whole from the first
            return
        fault, link_faults = self.faults.message()
        if not fault:
            self.message(delivery)
        elif fault.name == "withhold-outcomes":
            self._withheld[delivery] = False
            self.message(delivery)
        else:
            self.incoming.recv(delivery.pending)
            self.incoming.advance()
            misconduct.settle(delivery, fault)
            self.pass_credit()
        for link_fault in link_faults:
            self._misbehave(link_fault)

    def _misbehave(self, fault):
        self.near_connection.wire.flush()
        if fault.name == "drain":
            self.near.drain_mode = True
            self.near.flow(0)
        elif fault.name in ("detach", "close-link"):
            if self.faults.has("outcomes-before-detach"):
                self._accept_withheld()
            misconduct.end(self.near, self.near_connection.wire, fault)
            self._late_outcomes()
            self.loss = LinkLoss(self)
            self.loss.over(True)
        else:
            misconduct.end(self.near, self.near_connection.wire, fault)
            if fault.name != "hang":
                self.lost(self.near)

    def _late_outcomes(self):
        if self.faults.has("outcomes-after-detach"):
            self.near_connection.wire.flush()
            self._accept_withheld()

    def _accept_withheld(self):
        for delivery, is_given in list(self._withheld.items()):
            if is_given:
                del self._withheld[delivery]
                endpoints.settle(delivery, Delivery.ACCEPTED)

    # The rest is private.

    def _can_lose_near(self):
        """Whether the client is there to be told that the route is gone, and was not told yet."""
        return not (self.loss or self._is_near_gone or endpoints.is_ended(self.near))

    def _is_never_answered(self):
        """What qdrouterd 1.19 makes of an attach for which the broker has ended the session, as
        RabbitMQ does when the queue has another durability."""
        return (endpoints.is_unanswered(self.near)
                and bool(self.far.session.state & Endpoint.REMOTE_CLOSED))

    def _send_on(self, delivery):
        self._next_tag += 1
        sent = self.outgoing.delivery(str(self._next_tag))
        self.sent_on[delivery] = sent
        self._came_from[sent] = delivery
        return sent

    def _settled(self, delivery, sent):
        self._forget(delivery)
        delivery.settle()
        sent.settle()

    def _forget(self, delivery):
        self._came_from.pop(self.sent_on.pop(delivery, None), None)

    def unsettled(self):
        """Incoming deliveries that still wait for an outcome, oldest first, and how many of the
        last ones have not left this router."""
        deliveries = [delivery for delivery in self.sent_on if delivery not in self._withheld]
        return deliveries, min(self.outgoing.queued, len(deliveries))


class Side:
    """One of the two links of a routed link, as its connection sees it."""

    def __init__(self, routed, link):
        self.routed = routed
        self.link = link
        self._message = routed.message
        if link == routed.near and routed.faults.concern_messages:
            self._message = routed.message_with_faults

    def on_answer(self):
        self.routed.answered()

    def on_flow(self):
        self.routed.flow(self.link)

    def on_delivery(self, delivery):
        if self.link == self.routed.outgoing:
            if delivery.updated:
                self.routed.outcome(delivery)
        elif delivery.readable:
            self._message(delivery)
        elif delivery.updated:
            self.routed.sender_update(delivery)

    def on_detach(self, closed):
        self.routed.detached(self.link, closed)

    def on_lost(self):
        self.routed.lost(self.link)
