# The server's side of SASL: ANONYMOUS, and PLAIN with any name and password.
# SPDX-License-Identifier: Apache-2.0

"""Proton without Cyrus SASL serves ANONYMOUS only, so these few frames are our own.

The transport behind it never sees them: it starts at the AMQP header.
"""

from proton import Array, Data, Described, UNDESCRIBED, symbol, ubyte, ulong

SASL_HEADER = b"AMQP\x03\x01\x00\x00"
AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
FRAME_SIZE_MAX = 512 * 1024

MECHANISMS, INIT, OUTCOME = ulong(0x40), ulong(0x41), ulong(0x44)
OK, REFUSED = ubyte(0), ubyte(1)


class NotAmqp(Exception):
    """What the peer sent is neither a SASL nor an AMQP header, or not a SASL frame."""


class SaslServer:
    """Eats the SASL bytes of a peer; `is_done` when what follows belongs to AMQP."""

    def __init__(self, mechanisms, refuses=False):
        self.mechanisms = mechanisms
        self.refuses = refuses
        self.is_done = False
        self.is_refused = False
        self._input = b""
        self._header_seen = False

    def receive(self, data):
        """Returns the bytes to answer with and those that are not SASL's."""
        self._input += data
        answer = b""
        while not self.is_done and not self.is_refused:
            step = self._frame() if self._header_seen else self._header()
            if step is None:
                return answer, b""
            answer += step
        rest, self._input = self._input, b""
        return answer, rest

    def _header(self):
        if len(self._input) < len(SASL_HEADER):
            if not SASL_HEADER.startswith(self._input[:4]) and self._input:
                raise NotAmqp(self._input)
            return None
        if self._input.startswith(AMQP_HEADER):
            self.is_done = True     # a peer without a security layer is a peer without a name
            return b""
        if not self._input.startswith(SASL_HEADER):
            raise NotAmqp(self._input)
        self._input = self._input[len(SASL_HEADER):]
        self._header_seen = True
        names = Array(UNDESCRIBED, Data.SYMBOL, *(symbol(name) for name in self.mechanisms))
        return SASL_HEADER + encode_frame(MECHANISMS, [names])

    def _frame(self):
        size = int.from_bytes(self._input[:4], "big") if len(self._input) >= 4 else None
        if size is None or len(self._input) < size:
            return None
        if not 8 <= size <= FRAME_SIZE_MAX:
            raise NotAmqp(self._input)
        performative = decode_frame(self._input[:size])
        self._input = self._input[size:]
        if performative.descriptor != INIT:
            raise NotAmqp(performative)
        mechanism = str(performative.value[0])
        if self.refuses or mechanism not in self.mechanisms:
            self.is_refused = True
            return encode_frame(OUTCOME, [REFUSED])
        self.is_done = True
        return encode_frame(OUTCOME, [OK])


def encode_frame(descriptor, fields):
    data = Data()
    data.put_described()
    data.enter()
    data.put_ulong(descriptor)
    data.put_list()
    data.enter()
    for value in fields:
        data.put_object(value)
    data.exit()
    data.exit()
    body = data.encode()
    return (8 + len(body)).to_bytes(4, "big") + b"\x02\x01\x00\x00" + body


def decode_frame(frame):
    body_offset = frame[4] * 4
    data = Data()
    data.decode(frame[body_offset:])
    data.rewind()
    data.next()
    value = data.get_object()
    if not isinstance(value, Described):
        raise NotAmqp(frame)
    return value
