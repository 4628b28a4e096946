# The routers' configurations, with routes for messages instead of those for links.
# SPDX-License-Identifier: Apache-2.0

import re

LINK_ROUTE = re.compile(r"^linkRoute \{.*?^\}\n", re.MULTILINE | re.DOTALL)
TO_THE_BROKER = "role: route-container"


def with_message_routes(text, addresses, broker):
    """The router with the connection to the broker gives each address to the queue of that name."""
    text = LINK_ROUTE.sub("", text)
    if TO_THE_BROKER not in text:
        return text
    return text + "".join(autolink(address, broker) for address in addresses)


def autolink(address, broker):
    lines = [f"address: {address}", "direction: out", "connection: broker1"]
    if broker == "rabbitmq":
        # By its name alone RabbitMQ 3.10 would declare the queue, and transient: it refuses, as this one is durable.
        lines.insert(1, f"externalAddress: /amq/queue/{address}")
    return "\n".join(["", "autoLink {", *(f"    {line}" for line in lines), "}", ""])
