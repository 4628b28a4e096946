# A client for the tests, on python-proton's own container, which keeps all that it sees.
# SPDX-License-Identifier: Apache-2.0

import collections
import time

from proton import Delivery, Handler, Message, Terminus, Transport, symbol
from proton.reactor import Container

PATIENCE_S = 30

Outcome = collections.namedtuple("Outcome", "tag state condition failed undeliverable settled")
Detach = collections.namedtuple("Detach", "closed condition")
Attach = collections.namedtuple("Attach", "address durability capabilities")
STATES = {Delivery.ACCEPTED: "accepted", Delivery.REJECTED: "rejected",
          Delivery.RELEASED: "released", Delivery.MODIFIED: "modified", 0: "none"}


class Client(Handler):
    """Synchronous: `wait(condition)` runs the container until the condition holds.

    `seen` has attaches, detaches and outcomes in the order of their frames.
    """

    def __init__(self, port, user=None, password=None, answers_detach=True, idle_timeout_s=None,
                 accepts=True, await_open=True, keeps_frames=False):
        super().__init__()
        self.seen = []
        self.messages = []              # bodies that have come in
        self.drains = 0
        self.received_links = []
        self.session_ends = []
        self.connection_ends = []
        self.is_open = self.is_over = False
        self.transport_condition = None
        self.answers_detach = answers_detach
        self.answers_drain = True
        self.accepts = accepts
        self.frames = []                # what has come in, if it was asked for
        self._keeps_frames = keeps_frames
        self._link_count = 0
        self._container = Container()
        self._container.timeout = 0.01
        self._container.start()
        mechanisms = "PLAIN" if user else "ANONYMOUS"
        self.connection = self._container.connect(
            f"127.0.0.1:{port}", handler=self, reconnect=False, user=user, password=password,
            allowed_mechs=mechanisms, heartbeat=idle_timeout_s)
        if await_open:
            self.wait(lambda: self.is_open)
        self.session = self.connection.session()
        self.session.open()

    # Called by tests.

    def wait(self, condition, what="the condition", beside=()):
        """`beside`: other clients that have something to do meanwhile."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come about; seen {self.seen[-20:]}")
            for client in (self, *beside):
                client._container.process()

    def wait_until_read(self):
        """Until a router has read all that was sent: it answers itself, in its turn."""
        attach_count = len(self.attaches)
        self.sender("an.address.of.the.router")
        self.wait(lambda: len(self.attaches) > attach_count, "the router's answer")

    def run_for(self, seconds):
        """For what is expected not to happen."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._container.process()

    def sender(self, address, durability=Terminus.DELIVERIES, capability="queue", name=None):
        self._link_count += 1
        link = self.session.sender(name or f"sender-{self._link_count}")
        link.target.address = address
        link.target.durability = durability
        if capability:
            link.target.capabilities.put_object(symbol(capability))
        link.open()
        return link

    def receiver(self, address, credit=100):
        self._link_count += 1
        link = self.session.receiver(f"receiver-{self._link_count}")
        link.source.address = address
        link.open()
        if credit:
            link.flow(credit)
        return link

    def send(self, link, first, last=None, **properties):
        """Sends messages by number; the tags are the numbers."""
        for number in range(first, (last or first) + 1):
            message = Message(id=number, body={"sequence": number}, durable=True, **properties)
            link.delivery(str(number))
            link.stream(message.encode())
            link.advance()
        self.run_for(0.02)

    def send_all(self, link, first, last):
        """Sends as credit allows, and waits for all outcomes."""
        self.wait(lambda: link.credit > 0, "credit")
        done = len(self.outcomes)
        number = first
        while number <= last:
            self.wait(lambda: link.credit > 0, "credit")
            upto = min(last, number + link.credit - 1)
            self.send(link, number, upto)
            number = upto + 1
        self.wait(lambda: len(self.outcomes) >= done + last - first + 1, "all outcomes")

    @property
    def outcomes(self):
        return [entry for entry in self.seen if isinstance(entry, Outcome)]

    @property
    def states(self):
        return [outcome.state for outcome in self.outcomes]

    @property
    def detaches(self):
        return [entry for entry in self.seen if isinstance(entry, Detach)]

    @property
    def attaches(self):
        return [entry for entry in self.seen if isinstance(entry, Attach)]

    def close(self):
        if not self.is_over:
            transport = self.connection.transport
            if transport:
                transport.close_head()
                transport.close_tail()
            self.connection.close()
            self.run_for(0)
        self._container.stop()
        while self._container.process():
            pass

    # Called by proton.

    def on_connection_bound(self, event):
        if self._keeps_frames:
            event.transport.trace(Transport.TRACE_FRM)
            event.transport.tracer = lambda _, line: self.frames.append(
                line.split("<- ", 1)[1]) if "<- @" in line else None

    def on_connection_remote_open(self, event):
        self.is_open = True

    def on_link_remote_open(self, event):
        link = event.link
        self.received_links.append(link)
        terminus = link.remote_target if link.is_sender else link.remote_source
        exists = terminus.type != Terminus.UNSPECIFIED
        self.seen.append(Attach(terminus.address if exists else None,
                                terminus.durability if exists else None,
                                capabilities_of(terminus) if exists else None))

    def on_link_remote_close(self, event):
        self._detached(event.link, True)

    def on_link_remote_detach(self, event):
        self._detached(event.link, False)

    def _detached(self, link, closed):
        condition = link.remote_condition
        self.seen.append(Detach(closed, condition and condition.name))
        if self.answers_detach:
            link.close() if closed else link.detach()

    def on_link_flow(self, event):
        link = event.link
        if link.is_sender and link.drain_mode:
            self.drains += 1
            if self.answers_drain:
                link.drained()

    def on_delivery(self, event):
        delivery, link = event.delivery, event.link
        if link.is_sender and delivery.updated:
            remote = delivery.remote
            condition = remote.condition
            state = STATES.get(int(delivery.remote_state), delivery.remote_state)
            self.seen.append(Outcome(int(delivery.tag), state, condition and condition.name,
                                     remote.failed, remote.undeliverable, delivery.settled))
            if delivery.settled:
                delivery.settle()
        elif link.is_receiver and delivery.readable and not delivery.partial:
            message = Message()
            message.decode(link.recv(delivery.pending))
            link.advance()
            self.messages.append(message.body)
            if self.accepts:
                delivery.update(Delivery.ACCEPTED)
                delivery.settle()

    def on_session_remote_close(self, event):
        condition = event.session.remote_condition
        self.session_ends.append(condition and condition.name)
        event.session.close()

    def on_connection_remote_close(self, event):
        condition = event.connection.remote_condition
        self.connection_ends.append(condition and condition.name)
        event.connection.close()

    def on_transport_error(self, event):
        self.transport_condition = event.transport.condition

    def on_transport_closed(self, event):
        self.is_over = True


def capabilities_of(terminus):
    data = terminus.capabilities
    data.rewind()
    value = data.get_object() if data.next() else None
    if value is None:
        return []
    return [str(value)] if isinstance(value, str) else [str(each) for each in value]
