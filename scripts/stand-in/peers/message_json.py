# A message as the object that `sender --json` takes.
# SPDX-License-Identifier: Apache-2.0

import base64
import math

from .sections import sections

# The keys of the properties that are texts.
TEXTS = {"to": "to", "subject": "subject", "reply-to": "reply_to", "content-type": "content_type",
         "content-encoding": "content_encoding", "group-id": "group_id",
         "reply-to-group-id": "reply_to_group_id"}
NUMBERS = {"absolute-expiry-time": "absolute_expiry_time", "creation-time": "creation_time",
           "group-sequence": "group_sequence"}
IDS = {"message-id": "id", "correlation-id": "correlation_id"}


def message_object(encoded):
    """The object of an encoded message. Delivery annotations and the footer are left out."""
    result = {"durable": False}
    body_parts = []
    for name, value in sections(encoded):
        if name == "header":
            result.update(header(value))
        elif name == "properties":
            result.update(properties(value))
        elif name == "annotations":
            result["annotations"] = entries(value)
        elif name == "application-properties":
            result["application_properties"] = entries(value)
        elif name in ("data", "sequence", "value"):
            body_parts.append((name, value))
    result.update(body(body_parts))
    return result


def header(fields):
    result = {"durable": bool(fields.get("durable"))}
    if "priority" in fields:
        result["priority"] = int(fields["priority"])
    if int(fields.get("ttl", 0)) > 0:
        result["ttl"] = int(fields["ttl"])
    return result


def properties(fields):
    result = {}
    for name, value in fields.items():
        if name in TEXTS:
            result[TEXTS[name]] = str(value)
        elif name in NUMBERS:
            result[NUMBERS[name]] = int(value)
        elif name in IDS:
            json, kind = plain(value)
            # A number is a ulong there.
            result[IDS[name] + (f":{kind}" if kind not in (None, "ulong") else "")] = json
        elif name == "user-id":
            result.update(user_id(bytes(value)))
    return result


def user_id(value):
    try:
        return {"user_id": value.decode()}
    except UnicodeDecodeError:
        return {"user_id:binary": base64.b64encode(value).decode()}


def entries(pairs):
    """Entries with the type in the key where JSON alone is ambiguous."""
    result = {}
    for key, value in pairs.items():
        json, kind = plain(value)
        if kind is None and ":" in str(key):
            kind = own_kind(json)
        result[f"{key}:{kind}" if kind else str(key)] = json
    return result


def body(parts):
    if all(name == "data" for name, _ in parts):
        if not parts:
            return {"body": None}
        content = b"".join(bytes(value) for _, value in parts)
        return {"body_type": "binary", "body": base64.b64encode(content).decode()}
    if parts[0][0] == "sequence":
        return {"body": [plain(value)[0] for _, part in parts for value in part]}
    json, kind = plain(parts[0][1])
    return {"body_type": kind, "body": json} if kind else {"body": json}


def plain(value):
    """A value as JSON, and its type if that is not the one that JSON gives it."""
    name = type(value).__name__
    if value is None or isinstance(value, bool) or name == "str":
        return value, None
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value), None
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(float(value), "NaN"), "double"
    if isinstance(value, int):
        # Short integers become longs: no option names their types.
        kind = {"int32": "int", "timestamp": "timestamp"}.get(name)
        if name == "ulong" and value < 1 << 63:
            kind = "ulong"
        return int(value), kind
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(bytes(value)).decode(), "binary"
    if isinstance(value, dict):
        return {str(key): plain(entry)[0] for key, entry in value.items()}, None
    if isinstance(value, (list, tuple)):
        return [plain(entry)[0] for entry in value], None
    if hasattr(value, "elements"):              # an array
        return [plain(entry)[0] for entry in value.elements], None
    if hasattr(value, "descriptor"):
        return plain(value.value)
    return str(value), {"symbol": "symbol", "UUID": "uuid"}.get(name)


def own_kind(json):
    """The type that JSON gives a value by itself."""
    if json is None:
        return "null"
    return {"bool": "bool", "int": "long" if isinstance(json, int) and json < 1 << 63 else "ulong",
            "float": "double", "str": "string", "list": "list", "dict": "map"}[type(json).__name__]
