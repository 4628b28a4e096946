# The broker and the routers of a run, each started by its script, and what can be done to them.
# SPDX-License-Identifier: Apache-2.0

import asyncio
import pathlib
import re
import signal

import plan
import routes
from processes import HOST, PYTHON, ROOT, ended, free_port, kill_group, output_of, send_signal, start
from proxy import Proxy

SCRIPTS = ROOT / "scripts"
PROBE = SCRIPTS / "stand-in" / "probe.py"
COUNT = SCRIPTS / "stand-in" / "count.py"
READY_S = 120
# RabbitMQ 3.10 has a queue on disk up to two seconds after its declaration. A kill before that takes it away, and all that
# was accepted into it: seen without any router or sender of ours, and nothing that a sender could know.
DECLARED_S = 3


class PeerFailure(Exception):
    """A broker or router that can't be had: nothing is known about the sender then."""


class Peer:
    """A broker or router: the script that looks after it, and the process itself."""

    def __init__(self, name, command, port, folder, environment, address=None):
        self.name = name
        self.port = port
        self.version = None             # as it names itself, once it was ready
        self.proxy = None               # what stands in front of it
        self.is_wanted = False          # whether it is to be running
        self.lock = asyncio.Lock()      # one fault at a time
        self._command = command
        self._folder = folder
        self._environment = environment
        self._address = address
        self._script = None

    @property
    def is_alive(self):
        return self._script is not None and self._script.returncode is None

    async def start(self):
        with open(self._folder / f"{self.name}.log", "ab") as log:
            self._script = await start(self._command, log, self._environment)
        self.is_wanted = True
        await self._wait_until_ready()

    async def kill(self):
        self.is_wanted = False
        self.signal(signal.SIGKILL)
        if not await ended(self._script, 20):
            raise PeerFailure(f"{self.name} can't be killed")

    def signal(self, number):
        send_signal(self._pid, number)

    async def end(self):
        if not self.is_alive:
            return
        self.is_wanted = False
        try:
            self.signal(signal.SIGKILL)
            # Its script tidies up behind it.
            await ended(self._script, 10)
        except (OSError, ValueError):
            pass                        # it was not up yet
        finally:
            kill_group(self._script)
        await self._script.wait()

    @property
    def _pid(self):
        return int((self._folder / f"{self.name}.pid").read_text())

    async def _wait_until_ready(self):
        arguments = ["--address", self._address] if self._address else []
        probe = asyncio.create_task(output_of(
            [PYTHON, PROBE, f"{HOST}:{self.port}", *arguments, "--wait", READY_S], READY_S + 10))
        gone = asyncio.create_task(self._script.wait())
        try:
            await asyncio.wait({probe, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not probe.done() or probe.result()[0] != 0:
                said = probe.result()[1] if probe.done() else "it ended"
                raise PeerFailure(f"{self.name} does not get ready: {said}; "
                                  f"{self._folder / self.name}.log says more")
            found = re.search(r"version=(\S+)", probe.result()[1])
            self.version = found and found[1]
        finally:
            probe.cancel()
            gone.cancel()


class Network:
    """A broker behind one router, behind two, or behind two and another at the client's side.

    The routers take links through to the broker, or with `takes_messages` each message themselves.
    """

    def __init__(self, folder, broker, router, topology, addresses, takes_messages=False, has_proxies=False):
        self._folder = folder
        self._broker = broker
        self._addresses = addresses
        self._takes_messages = takes_messages
        self._has_proxies = has_proxies or topology == plan.PAIR
        self.client_port, self.broker_port, inter_router_port = free_port(), free_port(), free_port()
        self._environment = {
            "RUN_DIR": str(folder), "BROKER": broker, "ROUTER": router, "HTTP_PORT": "none",
            "AMQP_PORT": str(self.client_port),
            "INTER_ROUTER_PORT": str(inter_router_port), "BROKER_PORT": str(self.broker_port)}
        self.sender_options = []
        self.peers = {plan.BROKER: Peer(
            "broker", [SCRIPTS / "start-broker.sh"], self.broker_port, folder, self._environment,
            address="link1.ready")}
        self._put_proxy(plan.BROKER)
        if topology == "single":
            self._add_router(plan.CLIENT_ROUTER, self._configuration("single-node.conf"), self.client_port,
                             BROKER_PORT=self._way_to(plan.BROKER))
        else:
            self._add_router(plan.BROKER_ROUTER, self._configuration("dual-node-broker-side.conf"),
                             inter_router_port, BROKER_PORT=self._way_to(plan.BROKER))
            self._add_router(plan.CLIENT_ROUTER, self._configuration("dual-node-client-side.conf"),
                             self.client_port, INTER_ROUTER_PORT=self._way_to(plan.BROKER_ROUTER))
        if topology == plan.PAIR:
            self._add_other_router()
        self.client_port = self._way_to(plan.CLIENT_ROUTER)

    def _configuration(self, name):
        """One of the project's own, or what becomes of it where messages are routed."""
        if not self._takes_messages:
            return ROOT / name
        text = routes.with_message_routes((ROOT / name).read_text(), self._addresses, self._broker)
        return self._written(name, text)

    def _written(self, name, text):
        path = self._folder / "configurations" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def _add_router(self, target, configuration, port, **ports):
        self.peers[target] = Peer(
            f"router-{configuration.stem}", [SCRIPTS / "start-router.sh", configuration], port,
            self._folder,
            {**self._environment, **{name: str(number) for name, number in ports.items()}})
        self._put_proxy(target)

    def _add_other_router(self):
        """It has the same configuration, but for its name in the network."""
        text = self._configuration("dual-node-client-side.conf").read_text()
        configuration = self._written("other-client-side.conf",
                                      text.replace("id: Client.Side", "id: Other.Client.Side"))
        port = free_port()
        self._add_router(plan.OTHER_ROUTER, configuration, port, AMQP_PORT=port,
                         INTER_ROUTER_PORT=self._way_to(plan.BROKER_ROUTER))
        self.sender_options = ["--failover", f"amqp://{HOST}:{self._way_to(plan.OTHER_ROUTER)}"]

    def _put_proxy(self, target):
        if self._has_proxies:
            peer = self.peers[target]
            peer.proxy = Proxy(free_port(), peer.port)

    def _way_to(self, target):
        """The port where others reach a peer."""
        peer = self.peers[target]
        return peer.proxy.port if peer.proxy else peer.port

    async def start(self):
        """With a queue for each address before there is a router: an autolink may not ask for one."""
        for target, peer in self.peers.items():
            if peer.proxy:
                await peer.proxy.start()
            await peer.start()
            if target == plan.BROKER:
                await self._make_queues()

    async def _make_queues(self):
        for address in self._addresses:
            await self._wait_for_credit(self.broker_port, address)
        if self._broker == "rabbitmq":
            await asyncio.sleep(DECLARED_S)

    async def wait_for_route(self, address):
        await self._wait_for_credit(self.client_port, address)

    async def _wait_for_credit(self, port, address):
        status, said = await output_of(
            [PYTHON, PROBE, f"{HOST}:{port}", "--address", address, "--wait", READY_S],
            READY_S + 10)
        if status != 0:
            raise PeerFailure(f"no credit for {address} on port {port}: {said}")

    async def count(self, address, messages):
        """What another client finds in the queue, as one line."""
        return await output_of(
            [PYTHON, COUNT, "queue", f"amqp://{HOST}:{self.broker_port}/{address}",
             "--expect", messages, "--idle", 2, "--timeout", 60], 300)

    def versions(self, broker, router):
        """What runs, as it names itself, under these names."""
        return [name if name == "stand-in" else f"{name} {peer.version}"
                for name, peer in ((broker, self.peers[plan.BROKER]), (router, self.peers[plan.CLIENT_ROUTER]))]

    def lost_by_themselves(self):
        return [peer.name for peer in self.peers.values() if peer.is_wanted and not peer.is_alive]

    async def end(self):
        for peer in self.peers.values():
            if peer.proxy:
                peer.proxy.end()
            await peer.end()


def logs_in(folder):
    return sorted(str(path) for path in pathlib.Path(folder).glob("*.log"))
