# The broker: its connections, its queues, and who gets told when a message has been stored.
# SPDX-License-Identifier: Apache-2.0

from proton import Condition, Terminus, symbol

from . import endpoints, log, misconduct
from .connection import PeerConnection
from .consumers import Consumer
from .faults import Faults
from .producers import Producer, answer_attach
from .sasl import SaslServer
from .wire import Wire


class Broker:
    """Any number of connections to one store. All outcomes wait for the store's commit."""

    def __init__(self, loop, store, options):
        self.loop = loop
        self.store = store
        self.options = options
        self.faults = Faults(options.misbehave)
        self.consumers = {}             # address -> its consumers, in the order they came
        self._awaiting_commit = set()
        self._fed_addresses = set()
        loop.before_writing = self.commit

    def accept(self, sock):
        due = self.faults.connection()
        server = SaslServer(("ANONYMOUS", "PLAIN"), "refuse-login" in due)
        connection = BrokerConnection(self, due)
        connection.wire = Wire(self.loop, sock, connection, server=server,
                               idle_timeout_s=self.options.idle_timeout)
        connection.wire.start()

    def message_stored(self, address):
        self._fed_addresses.add(address)

    def wake_outcomes(self, producer):
        self._awaiting_commit.add(producer)

    def commit(self):
        """Writes the store, then accepts, then feeds the consumers: in this order."""
        self.store.commit()
        producers, self._awaiting_commit = self._awaiting_commit, set()
        for producer in producers:
            producer.accept_stored()
        addresses, self._fed_addresses = self._fed_addresses, set()
        for address in addresses:
            for consumer in self.consumers.get(address, ()):
                consumer.pump()


class BrokerConnection(PeerConnection):
    """A connection of a client or of a router."""

    def __init__(self, broker, due):
        super().__init__(broker.faults, due)
        self.broker = broker

    def open(self, connection):
        connection.container = self.broker.options.container_id
        connection.offered_capabilities = endpoints.symbols("ANONYMOUS-RELAY")
        connection.properties = {symbol("product"): "stand-in-broker", symbol("version"): "1"}
        connection.open()

    def on_attach(self, link):
        terminus = link.remote_target if link.is_receiver else link.remote_source
        if terminus.type == Terminus.COORDINATOR or not terminus.address:
            endpoints.refuse(link, Condition("amqp:not-implemented", "an address is needed"))
        elif link.is_receiver:
            self._attach_producer(link)
        else:
            self._attach_consumer(link)

    def _attach_producer(self, link):
        fault = self.faults.attach()
        required = self.broker.options.require_durability
        if required is not None and link.remote_target.durability != required:
            log.line(f"attach to {link.remote_target.address}: durability "
                     f"{link.remote_target.durability}, not {required}: never answered")
        elif fault:
            misconduct.meet_attach(link, fault)
        else:
            producer = self.links[link] = Producer(self.broker, self.wire, link)
            answer_attach(link)
            producer.top_up()

    def _attach_consumer(self, link):
        self.links[link] = Consumer(self.broker, self.wire, link)
        answer_attach(link)
