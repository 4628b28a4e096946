# The messages that the broker has accepted: an append-only file of JSON lines, which outlives kill -9.
# SPDX-License-Identifier: Apache-2.0

import base64
import collections
import json
import os

DUPLICATE_IDS_MAX = 20000       # per address; then the oldest are forgotten, as Artemis does


class Store:
    """The messages of all queues. Memory holds positions in the file, not the messages.

    Two kinds of lines: a message (`entry`, `address`, `id`, `durable`, `body`, `properties`,
    `encoded`), and `{"consumed": entry}`.
    """

    def __init__(self, path):
        self.torn_bytes = 0             # what a kill had left of a last line
        self._next_entry = 1
        self._positions = {}            # entry -> offset and length of its line, until consumed
        self._queues = collections.defaultdict(collections.deque)     # address -> entries
        self._duplicate_ids = collections.defaultdict(dict)
        self._unwritten = []
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._size = self._written_size = self._load(path)

    def is_duplicate(self, address, duplicate_id):
        return duplicate_id in self._duplicate_ids[address]

    def append(self, address, encoded, message, duplicate_id=None):
        """Takes a message; it is in the file after the next `commit`. Returns its entry."""
        entry = self._next_entry
        record = {"entry": entry, "address": address, "id": message.id,
                  "durable": bool(message.durable), "body": message.body,
                  "properties": message.properties, "duplicate_id": duplicate_id,
                  "encoded": base64.b64encode(encoded).decode()}
        self._add_line(record)
        return entry

    def consume(self, entry):
        self._add_line({"consumed": entry})

    def commit(self):
        """Hands everything to the operating system: from here on a kill loses nothing."""
        data = b"".join(self._unwritten)
        self._unwritten.clear()
        while data:
            data = data[os.write(self._file, data):]
        self._written_size = self._size

    def take(self, address):
        """The oldest entry that no link holds, or None. It stays stored until it is consumed."""
        queue = self._queues[address]
        return queue.popleft() if queue else None

    def give_back(self, address, entry):
        self._queues[address].appendleft(entry)

    def encoded(self, entry):
        offset, length = self._positions[entry]
        if offset + length > self._written_size:
            self.commit()
        return base64.b64decode(json.loads(os.pread(self._file, length, offset))["encoded"])

    def _add_line(self, record):
        line = json.dumps(record, default=as_json, ensure_ascii=False,
                          skipkeys=True).encode() + b"\n"
        self._index(record, self._size, len(line))
        self._size += len(line)
        self._unwritten.append(line)

    def _index(self, record, offset, length):
        if "consumed" in record:
            self._positions.pop(record["consumed"], None)
            return
        entry, address = record["entry"], record["address"]
        self._next_entry = entry + 1
        self._positions[entry] = (offset, length)
        self._queues[address].append(entry)
        if record["duplicate_id"] is not None:
            known = self._duplicate_ids[address]
            known[record["duplicate_id"]] = True
            if len(known) > DUPLICATE_IDS_MAX:
                del known[next(iter(known))]

    def _load(self, path):
        offset = 0
        with open(path, "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    self.torn_bytes = len(line)
                    os.ftruncate(self._file, offset)
                    break
                self._index(json.loads(line), offset, len(line))
                offset += len(line)
        for address, entries in self._queues.items():
            self._queues[address] = collections.deque(
                entry for entry in entries if entry in self._positions)
        return offset


def records(path):
    """The lines of a store that another process may be writing; a torn last one is left out."""
    with open(path, "rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def as_json(value):
    """AMQP types that JSON does not have."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(data).decode()}
    return str(value)
