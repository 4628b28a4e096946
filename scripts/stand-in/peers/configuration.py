# Reads a qdrouterd configuration file: the sections that a stand-in follows, and no more.
# SPDX-License-Identifier: Apache-2.0

import re

SECTIONS = frozenset("""router listener connector linkRoute autoLink address log sslProfile vhost
    policy console exchange binding tcpListener tcpConnector httpListener httpConnector
    authServicePlugin""".split())
PORTS = {"amqp": 5672, "amqps": 5671}
LINK_CAPACITY = 250             # credit of a sender to an address that is not link-routed
IDLE_TIMEOUT_S = 16

_TOKEN = re.compile(r"\s*(?:(?P<open>[\w-]+)\s*\{|(?P<close>\})"
                    r"|(?P<key>[\w-]+)\s*:[ \t]*(?P<value>\{[^}]*\}|[^\n}]*))")


class Section:
    """One section of the file: a name and its attributes, with the types that are asked for."""

    def __init__(self, where, name):
        self.where = where              # file:line
        self.name = name
        self.attributes = {}

    def __getitem__(self, key):
        return self.attributes.get(key)

    def text(self, key, default=None):
        value = self.attributes.get(key, default)
        if value is None:
            raise self.wrong(f"{key} is missing")
        return value

    def number(self, key, default):
        value = self.attributes.get(key, str(default))
        if not value.isdigit():
            raise self.wrong(f"{key} is {value!r}, not a number")
        return int(value)

    def port(self, default="amqp"):
        value = self.attributes.get("port", default)
        if not value.isdigit() and value not in PORTS:
            raise self.wrong(f"port is {value!r}, not a port")
        return PORTS.get(value) or int(value)

    def choice(self, key, values, default):
        value = self.attributes.get(key, default)
        if value not in values:
            raise self.wrong(f"{key} is {value!r}, not one of {', '.join(values)}")
        return value

    def is_set(self, key):
        return self.attributes.get(key, "no").lower() in ("yes", "true", "on", "enabled")

    def wrong(self, what):
        return ValueError(f"{self.where}: {self.name}: {what}")


def read(path):
    """Returns the sections in the order of the file. Raises ValueError with one sentence."""
    with open(path, encoding="utf-8") as file:
        lines = [without_comment(line) for line in file]
    text = "".join(lines)
    sections, current, offset = [], None, 0
    while text[offset:].strip():
        offset += len(text[offset:]) - len(text[offset:].lstrip())
        where = f"{path}:{text.count(chr(10), 0, offset) + 1}"
        token = _TOKEN.match(text, offset)
        if not token:
            raise ValueError(f"{where}: {text[offset:].splitlines()[0].strip()!r} is neither a "
                             "section nor `attribute: value`")
        offset = token.end()
        if token["open"]:
            if current:
                raise ValueError(f"{where}: section {current.name} has no closing brace")
            if token["open"] not in SECTIONS:
                raise ValueError(f"{where}: unknown section {token['open']!r}")
            current = Section(where, token["open"])
        elif token["close"]:
            if not current:
                raise ValueError(f"{where}: a closing brace without a section")
            sections.append(current)
            current = None
        elif not current:
            raise ValueError(f"{where}: attribute {token['key']!r} stands outside of a section")
        else:
            current.attributes[token["key"]] = token["value"].strip().strip("\"'")
    if current:
        raise ValueError(f"{current.where}: section {current.name} has no closing brace")
    return sections


def without_comment(line):
    return re.sub(r"(^|\s)#.*", r"\1", line)
