# Functions of both stand-ins on AMQP endpoints: copy termini, set outcomes, end links.
# SPDX-License-Identifier: Apache-2.0

from proton import (
    Array, Condition, Data, Delivery, Endpoint, Terminus, UNDESCRIBED, symbol)

ROUTED_LINK_LOST = Condition("qd:routed-link-lost", "Connectivity to the peer container was lost")
NO_ROUTE = Condition("qd:no-route-to-dest", "No route to the destination node")
ROUTING_FAILURE = Condition("amqp:precondition-failed", "Routing failure: no address present")


def is_open(link):
    """Whether our side of the link is attached, and so are its session and connection."""
    return not is_ended(link) and all(
        endpoint.state & Endpoint.LOCAL_ACTIVE
        for endpoint in (link, link.session, link.connection))


def is_ended(link):
    """Whether our side was closed or detached. Proton's own state knows nothing of a detach."""
    return bool(link.state & Endpoint.LOCAL_CLOSED) or getattr(link, "is_detached", False)


def is_over(link):
    """Whether both sides were closed or detached."""
    return is_ended(link) and (bool(link.state & Endpoint.REMOTE_CLOSED)
                               or getattr(link, "is_detached_remotely", False))


def is_unanswered(endpoint):
    return bool(endpoint.state & Endpoint.LOCAL_UNINIT)


def copy_attach(link, attached):
    """Makes the attach of `link` say what the peer's attach of `attached` said."""
    copy_terminus(link.source, attached.remote_source)
    copy_terminus(link.target, attached.remote_target)
    fill_in(link)
    link.properties = attached.remote_properties
    link.max_message_size = attached.remote_max_message_size
    link.snd_settle_mode = attached.remote_snd_settle_mode
    link.rcv_settle_mode = attached.remote_rcv_settle_mode


def copy_terminus(terminus, other):
    terminus.copy(other)
    if other.type != Terminus.UNSPECIFIED:
        terminus.expiry_policy = other.expiry_policy    # said explicitly, as routers do


def fill_in(link):
    """Proton takes a terminus without an address for none; the one that matters says which."""
    is_answer = not link.state & Endpoint.REMOTE_UNINIT
    is_to_target = link.is_receiver == is_answer        # messages go to a node at the target
    node, other = (link.target, link.source) if is_to_target else (link.source, link.target)
    if node.type != Terminus.UNSPECIFIED and other.type == Terminus.UNSPECIFIED:
        other.type = Terminus.SOURCE if is_to_target else Terminus.TARGET
        other.expiry_policy = Terminus.EXPIRE_WITH_SESSION


def symbols(*names):
    """An array of symbols, as capabilities are."""
    return Array(UNDESCRIBED, Data.SYMBOL, *(symbol(name) for name in names))


def survives_its_link(link):
    """Whether the peer's terminus outlives the link: then a loss is a detach, not a close."""
    terminus = link.remote_source if link.is_sender else link.remote_target
    return terminus.timeout > 0 or terminus.expiry_policy == Terminus.EXPIRE_NEVER


def refuse(link, condition):
    """The attach is answered without source and target, and the link closed."""
    link.source.type = Terminus.UNSPECIFIED
    link.target.type = Terminus.UNSPECIFIED
    link.open()
    end_link(link, condition)


def end_link(link, condition=None, closed=True):
    link.condition = condition
    if closed:
        link.close()
    else:
        link._update_cond()     # proton's detach(), unlike its close(), forgets the condition
        link.detach()
        link.is_detached = True


def take(link, delivery, arrived):
    """Calls arrived(delivery, encoded) once the message is whole. After we have closed the link it gets no outcome."""
    if delivery.aborted:
        delivery.settle()
    elif delivery.readable and not delivery.partial:
        encoded = link.recv(delivery.pending)
        link.advance()
        if is_open(link):
            arrived(delivery, encoded)


def settle(delivery, state=None, condition=None, is_undeliverable=False):
    """Settles an incoming delivery, with an outcome or without any."""
    if state == Delivery.REJECTED:
        delivery.local.condition = condition
    elif state == Delivery.MODIFIED:
        delivery.local.failed = True
        delivery.local.undeliverable = is_undeliverable
    if state is not None:
        delivery.update(state)
    delivery.settle()


def copy_state(delivery, other):
    """Gives `delivery` the state that the peer gave `other`, with all that belongs to it."""
    state = other.remote_state
    if not state:
        return
    local, remote = delivery.local, other.remote
    if state == Delivery.REJECTED:
        local.condition = remote.condition
    elif state == Delivery.MODIFIED:
        local.failed = remote.failed
        local.undeliverable = remote.undeliverable
        local.annotations = remote.annotations
    elif state == Delivery.RECEIVED:
        local.section_number = remote.section_number
        local.section_offset = remote.section_offset
    elif state != Delivery.ACCEPTED and state != Delivery.RELEASED:
        local.data = remote.data
    delivery.update(state)
