# Addresses without a link route: messages go to whoever receives from the address.
# SPDX-License-Identifier: Apache-2.0

import collections
import itertools

from proton import Delivery, Terminus

from . import endpoints


class MessageRoutes:
    """All such addresses. Tells `on_change(address)` when consumers of ours came or went."""

    def __init__(self, on_change):
        self.addresses = {}
        self._on_change = on_change

    def address(self, name):
        if name not in self.addresses:
            self.addresses[name] = Address(name, self._on_change)
        return self.addresses[name]

    def attach(self, connection, link, name):
        endpoints.copy_attach(link, link)
        link.max_message_size = 0
        address = self.address(name)
        end = (Producer(address, link, connection.link_capacity) if link.is_receiver
               else Consumer(address, link))
        connection.links[link] = end
        link.open()
        end.come()

    def attach_consumer(self, connection, name, is_ours):
        """What is sent to the address goes there, too: to a neighbour or, as an auto link, to a
        queue of a broker. The end counts when the other side has answered."""
        link = connection.open_link(name, is_sender=True)
        link.target.address = name
        consumer = connection.links[link] = Consumer(self.address(name), link, is_ours)
        link.open()
        return consumer

    def attach_producer(self, connection, name):
        """An auto link that takes from a queue of a broker what comes to the address."""
        link = connection.open_link(name, is_sender=False)
        link.source.address = name
        connection.links[link] = Producer(self.address(name), link, connection.link_capacity)
        link.open()


class Address:
    """One address: balanced between its consumers, never stored beyond its senders' credit."""

    def __init__(self, name, on_change):
        self.name = name
        self.producers = []
        self.consumers = []
        self._on_change = on_change
        self._waiting = collections.deque()     # (producer, delivery, encoded): no credit for it

    @property
    def local_consumer_count(self):
        return sum(consumer.is_ours for consumer in self.consumers)

    def producer_came(self, producer):
        self.producers.append(producer)
        if self.consumers:
            producer.grant()

    def producer_went(self, producer):
        if producer in self.producers:
            self.producers.remove(producer)
        self._waiting = collections.deque(
            waiting for waiting in self._waiting if waiting[0] is not producer)

    def consumer_came(self, consumer):
        self.consumers.append(consumer)
        if len(self.consumers) == 1:
            for producer in self.producers:
                producer.grant()
        if consumer.is_ours:
            self._on_change(self)
        self.pump()

    def consumer_went(self, consumer):
        self.consumers.remove(consumer)
        if not self.consumers:
            while self._waiting:
                producer, delivery, _ = self._waiting.popleft()
                producer.settle(delivery, Delivery.RELEASED)
            for producer in self.producers:
                producer.ask_back()
        if consumer.is_ours:
            self._on_change(self)

    def route(self, producer, delivery, encoded):
        if not self.consumers:
            endpoints.settle(delivery, Delivery.RELEASED)       # and no new credit for it
            return
        self._waiting.append((producer, delivery, encoded))
        self.pump()

    def pump(self):
        while self._waiting:
            ready = [consumer for consumer in self.consumers if consumer.link.credit > 0]
            if not ready:
                return
            least_busy = min(ready, key=lambda consumer: len(consumer.in_flight))
            least_busy.send(*self._waiting.popleft())


class Producer:
    """The end of a link that sends to an address."""

    def __init__(self, address, link, capacity):
        self.address = address
        self.link = link
        self.capacity = capacity
        self.is_gone = False
        self._unsettled_count = 0

    def come(self):
        self.address.producer_came(self)

    def on_answer(self):
        if self.link.remote_source.type != Terminus.UNSPECIFIED:
            self.come()

    def grant(self):
        """As much credit as the listener's capacity allows, less what is on its way."""
        self.link.drain_mode = False
        self.link.flow(max(0, self.capacity - self.link.credit - self._unsettled_count))

    def ask_back(self):
        """The last consumer has gone, and the sender gets no more credit until one is back."""
        self.link.drain_mode = True
        self.link.flow(0)

    def settle(self, delivery, state):
        if not self.is_gone:
            self._unsettled_count -= 1
            endpoints.settle(delivery, state)
            self._replace_credit()

    def pass_outcome(self, delivery, sent):
        """Gives the delivery the outcome that the consumer gave."""
        if self.is_gone:
            return
        endpoints.copy_state(delivery, sent)
        if sent.settled:
            self._unsettled_count -= 1
            delivery.settle()
            self._replace_credit()

    def on_flow(self):
        """Credit has come back; if a consumer was quicker than that, it is granted once more."""
        if self.link.drained() and self.address.consumers:
            self.grant()

    def on_delivery(self, delivery):
        endpoints.take(self.link, delivery, self._arrived)

    def _arrived(self, delivery, encoded):
        self._unsettled_count += bool(self.address.consumers)
        self.address.route(self, delivery, encoded)

    def on_detach(self, closed):
        self.on_lost()
        if endpoints.is_open(self.link):
            endpoints.end_link(self.link, closed=closed)

    def on_lost(self):
        if not self.is_gone:
            self.is_gone = True
            self.address.producer_went(self)

    def _replace_credit(self):
        if self.address.consumers and endpoints.is_open(self.link):
            self.link.flow(1)


class Consumer:
    """The end of a link that receives from an address."""

    def __init__(self, address, link, is_ours=True):
        self.address = address
        self.link = link
        self.is_ours = is_ours          # attached to this router, not to a neighbour
        self.in_flight = {}             # outgoing delivery -> producer and its delivery
        self._tags = itertools.count(1)

    def send(self, producer, delivery, encoded):
        sent = self.link.delivery(str(next(self._tags)))
        self.link.stream(encoded)
        self.link.advance()
        if delivery.settled:
            sent.settle()
            producer.settle(delivery, None)
        else:
            self.in_flight[sent] = (producer, delivery)

    def come(self):
        self.address.consumer_came(self)

    def on_answer(self):
        if self.link.remote_target.type != Terminus.UNSPECIFIED:
            self.come()

    def on_flow(self):
        self.address.pump()
        if self.link.drain_mode and self.link.credit > 0:
            self.link.drained()

    def on_delivery(self, sent):
        if not sent.updated or sent not in self.in_flight:
            return
        producer, delivery = self.in_flight[sent]
        producer.pass_outcome(delivery, sent)
        if sent.settled:
            del self.in_flight[sent]
            sent.settle()

    def on_detach(self, closed):
        self.on_lost()
        if endpoints.is_open(self.link):
            endpoints.end_link(self.link, closed=closed)

    def on_lost(self):
        """What it had and has not settled is in doubt."""
        if self not in self.address.consumers:
            return
        self.address.consumer_went(self)
        for producer, delivery in self.in_flight.values():
            producer.settle(delivery, Delivery.MODIFIED)
        self.in_flight.clear()
