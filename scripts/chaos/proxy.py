# Stands in front of a peer, and can cut it off: nothing gets through, and all connections stay open.
# SPDX-License-Identifier: Apache-2.0

import asyncio

from processes import HOST

CHUNK = 1 << 16


class Proxy:
    """Forwards a port to that of a peer."""

    def __init__(self, port, peer_port):
        self.port = port
        self._peer_port = peer_port
        self._is_through = asyncio.Event()
        self._is_through.set()
        self._server = None
        self._tasks = set()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    def cut(self):
        self._is_through.clear()

    def mend(self):
        """What had come in the meantime goes on its way."""
        self._is_through.set()

    def end(self):
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._is_through.wait()
            peer_reader, peer_writer = await asyncio.open_connection(HOST, self._peer_port)
            try:
                await self._until_first(self._forward(reader, peer_writer),
                                        self._forward(peer_reader, writer))
            finally:
                peer_writer.close()
        except (OSError, asyncio.CancelledError):
            pass                        # nothing listens there, or one of them is gone
        finally:
            writer.close()
            self._tasks.discard(task)

    @staticmethod
    async def _until_first(*coroutines):
        """Until one end has closed; the other is not told more than that."""
        tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _forward(self, reader, writer):
        try:
            while chunk := await reader.read(CHUNK):
                await self._is_through.wait()
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        # An end does not get through either.
        await self._is_through.wait()
