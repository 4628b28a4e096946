# The broker's end of a link that receives from it.
# SPDX-License-Identifier: Apache-2.0

from proton import Delivery, Terminus

from . import endpoints


class Consumer:
    """A link that gets what is stored for the address of its source, oldest first.

    What it accepts (or rejects) is consumed. What it returns goes back to the front of the queue,
    and so does what it holds when it goes away. With distribution mode `copy` nothing is consumed.
    """

    def __init__(self, broker, wire, link):
        self.broker = broker
        self.wire = wire
        self.link = link
        self.address = link.remote_source.address
        self.is_browser = link.remote_source.distribution_mode == Terminus.DIST_MODE_COPY
        self.held = {}              # delivery -> the store's entry
        self._seen = []             # what a browser has had, for the queue to get back
        self._next_tag = 0
        broker.consumers.setdefault(self.address, []).append(self)

    def pump(self):
        """Sends as much as there is credit and store for; then answers a drain."""
        while self.link.credit > 0 and endpoints.is_open(self.link):
            entry = self.broker.store.take(self.address)
            if entry is None:
                break
            self._next_tag += 1
            delivery = self.link.delivery(str(self._next_tag))
            self.link.stream(self.broker.store.encoded(entry))
            self.link.advance()
            self.held[delivery] = entry
        if self.link.drain_mode and self.link.credit > 0:
            self.link.drained()

    def on_flow(self):
        self.pump()

    def on_delivery(self, delivery):
        if not delivery.updated or delivery not in self.held:
            return
        state = delivery.remote_state
        if state == Delivery.RECEIVED or not (state or delivery.settled):
            return
        entry = self.held.pop(delivery)
        if self.is_browser:
            self._seen.append(entry)
        elif state in (Delivery.ACCEPTED, Delivery.REJECTED):
            self.broker.store.consume(entry)
        else:
            self.broker.store.give_back(self.address, entry)
            self.broker.message_stored(self.address)
        delivery.update(state)
        delivery.settle()

    def on_detach(self, closed):
        self.on_lost()
        if endpoints.is_open(self.link):
            endpoints.end_link(self.link, closed=closed)

    def on_lost(self):
        """Entries go back in the order in which they came."""
        self.broker.consumers[self.address].remove(self)
        for entry in sorted([*self.held.values(), *self._seen], reverse=True):
            self.broker.store.give_back(self.address, entry)
        self.held.clear()
        self._seen.clear()
        self.broker.message_stored(self.address)
