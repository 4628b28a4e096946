# The sections of an encoded message, with the type of every value.
# SPDX-License-Identifier: Apache-2.0

from proton import Data

# Sections of a message (§3.2) by descriptor; those that are lists with their fields' names.
SECTIONS = {
    0x70: ("header", ("durable", "priority", "ttl", "first-acquirer", "delivery-count")),
    0x71: ("delivery-annotations", None),
    0x72: ("annotations", None),
    0x73: ("properties", ("message-id", "user-id", "to", "subject", "reply-to", "correlation-id",
                          "content-type", "content-encoding", "absolute-expiry-time",
                          "creation-time", "group-id", "group-sequence", "reply-to-group-id")),
    0x74: ("application-properties", None),
    0x75: ("data", None),
    0x76: ("sequence", None),
    0x77: ("value", None),
    0x78: ("footer", None),
}

# AMQP's names of the types whose names in the binding are others; int has 64 bits there.
TYPES = {"NoneType": "null", "int": "long", "int32": "int", "str": "string", "float": "double",
         "bytes": "binary", "memoryview": "binary", "UUID": "uuid", "dict": "map"}


def typed(value):
    """`type:text`, of binary in hexadecimal digits; a map's entries as a map of them."""
    if isinstance(value, dict):
        return {key_text(key): typed(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [typed(entry) for entry in value]
    name = type(value).__name__
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int):
        text = str(int(value))          # the binding's own numbers name their type
    elif isinstance(value, (bytes, memoryview)):
        text = bytes(value).hex()
    else:
        text = str(value)
    return f"{TYPES.get(name, name)}:{text}"


def key_text(key):
    """A key that is a string as it is, another with its type."""
    return key if type(key) is str else typed(key)


def sections(encoded):
    """(name, value) of each section; of a header or properties, the fields that are not null."""
    while encoded:
        data = Data()
        encoded = encoded[data.decode(encoded):]
        data.rewind()
        data.next()
        section = data.get_py_described()
        name, fields = SECTIONS[int(section.descriptor)]
        value = section.value
        if fields:
            value = {key: entry for key, entry in zip(fields, value) if entry is not None}
        yield name, value


def described(encoded):
    """The sections as typed texts."""
    return {name: typed(value) for name, value in sections(encoded)}
