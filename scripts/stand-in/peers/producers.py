# The broker's end of a link that sends to it: credit, storing, outcomes.
# SPDX-License-Identifier: Apache-2.0

import time

from proton import Condition, Delivery, Message, ProtonException

from . import endpoints, log, misconduct


class Producer:
    """A link whose messages are stored under the address of its target."""

    def __init__(self, broker, wire, link):
        self.broker = broker
        self.wire = wire
        self.link = link
        self.address = link.remote_target.address
        self.stored = []            # kept, to be accepted after the store's next commit
        self.withheld = []          # kept, and their outcome held back by a fault

    def top_up(self):
        """Fills the credit up when little is left of it, as Artemis does."""
        options = self.broker.options
        if self.link.credit > options.credit_low or not endpoints.is_open(self.link):
            return
        credit = self.broker.faults.limit_credit(options.credit - self.link.credit)
        if credit:
            self.link.flow(credit)

    def on_flow(self):
        """The peer has given credit back, since we asked it to."""
        if self.link.drained() and not self.link.draining():
            self.link.drain_mode = False
            self.top_up()

    def on_delivery(self, delivery):
        endpoints.take(self.link, delivery, self._arrived)

    def _arrived(self, delivery, encoded):
        fault, link_faults = self.broker.faults.message()
        if fault and misconduct.settle(delivery, fault):
            self.broker.wake_outcomes(self)
        elif not fault or fault.name == "withhold-outcomes":
            self._store(delivery, encoded, self.withheld if fault else self.stored)
        for link_fault in link_faults:
            self._misbehave(link_fault)
        self.top_up()

    def _store(self, delivery, encoded, where):
        message = Message()
        try:
            message.decode(encoded)
        except ProtonException as failure:
            endpoints.settle(delivery, Delivery.REJECTED,
                             Condition("amqp:decode-error", str(failure)))
            return
        name = self.broker.options.duplicate_id_property
        duplicate_id = (message.properties or {}).get(name)
        duplicate_id = None if duplicate_id is None else str(duplicate_id)
        store = self.broker.store
        if duplicate_id is None or not store.is_duplicate(self.address, duplicate_id):
            store.append(self.address, encoded, message, duplicate_id)
            self.broker.message_stored(self.address)
        if not delivery.settled or where is self.withheld:
            where.append(delivery)
            self.broker.wake_outcomes(self)
        else:
            delivery.settle()

    def accept_stored(self):
        """The store has been committed: now, and not before, may the messages be accepted."""
        delay_s = self.broker.options.outcome_delay / 1000
        if not delay_s:
            accept(self.stored)
        elif self.stored:
            held, self.stored = self.stored, []
            since = time.monotonic()
            self.broker.loop.call_later(delay_s, lambda: self._accept_held(held, since))

    def _accept_held(self, held, since):
        if endpoints.is_open(self.link):
            waited_ms = (time.monotonic() - since) * 1000
            log.line(f"outcomes of {len(held)} messages after {waited_ms:.3f} ms")
            accept(held)

    def _misbehave(self, fault):
        self.broker.commit()
        self.wire.flush()
        if fault.name == "drain":
            self.link.drain_mode = True
            self.link.flow(0)
        elif fault.name in ("detach", "close-link"):
            self.before_detach()
            misconduct.end(self.link, self.wire, fault)
            self.after_detach()
        else:
            misconduct.end(self.link, self.wire, fault)

    def before_detach(self):
        if self.broker.faults.has("outcomes-before-detach"):
            accept(self.withheld)

    def after_detach(self):
        if self.broker.faults.has("outcomes-after-detach"):
            self.wire.flush()
            accept(self.withheld)

    def on_detach(self, closed):
        self.broker.commit()
        if endpoints.is_open(self.link):
            endpoints.end_link(self.link, closed=closed)
            self.after_detach()

    def on_lost(self):
        pass


def accept(deliveries):
    for delivery in deliveries:
        endpoints.settle(delivery, Delivery.ACCEPTED)
    deliveries.clear()


def answer_attach(link):
    """What the peer asked for is what it gets: address, durability, capabilities."""
    endpoints.copy_attach(link, link)
    link.max_message_size = 0
    link.open()
