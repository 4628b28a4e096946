# Doing what a fault says to a delivery, a link, a session or a connection.
# SPDX-License-Identifier: Apache-2.0

import socket
import struct

from proton import Condition, Delivery

from . import endpoints

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def settle(delivery, fault):
    """The outcome that a fault gives. Returns False for the faults that give none."""
    condition = Condition(fault.condition, "asked for") if fault.condition else None
    if fault.name == "reject":
        endpoints.settle(delivery, Delivery.REJECTED, condition)
    elif fault.name == "release":
        endpoints.settle(delivery, Delivery.RELEASED)
    elif fault.name == "modify":
        endpoints.settle(delivery, Delivery.MODIFIED)
    elif fault.name == "modify-undeliverable":
        endpoints.settle(delivery, Delivery.MODIFIED, is_undeliverable=True)
    elif fault.name == "settle":
        endpoints.settle(delivery)
    else:
        return False
    return True


def meet_attach(link, fault):
    """What an attach gets instead of its answer."""
    condition = Condition(fault.condition, "asked for") if fault.condition else None
    if fault.name == "refuse-attach":
        endpoints.refuse(link, condition)
    elif fault.name == "end-session-at-attach":
        link.session.condition = condition
        link.session.close()


def end(link, wire, fault):
    """Ends whatever the fault is about. A drain is not an end, and not for here."""
    condition = Condition(fault.condition, "asked for") if fault.condition else None
    if fault.name in ("detach", "close-link"):
        endpoints.end_link(link, condition, closed=fault.name == "close-link")
    elif fault.name == "end-session":
        link.session.condition = condition
        link.session.close()
    elif fault.name == "close-connection":
        wire.connection.condition = condition
        wire.connection.close()
    elif fault.name == "drop-connection":
        wire.flush()
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        wire.abort()
    elif fault.name == "hang":
        wire.flush()
        wire.hang()
