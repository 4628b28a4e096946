// Outcomes of deliveries. This is the hot path: nothing is allocated or looked up.
// SPDX-License-Identifier: Apache-2.0

#include <proton/delivery.h>
#include <proton/disposition.h>

#include "Access.hpp"
#include "Handler.hpp"
#include "Objects.hpp"
#include "SecurityLayer.hpp"

namespace cshim {

namespace {

/// Marks a reported delivery, in its context, which proton clears when it reuses the delivery.
char reported;

uint64_t tag_of(pn_delivery_t *delivery) noexcept {
    const pn_delivery_tag_t bytes = pn_delivery_tag(delivery);
    uint64_t tag = 0;
    for (size_t i = 0; i < bytes.size; i += 1) {
        tag = tag << 8 | static_cast<uint8_t>(bytes.start[i]);
    }
    return tag;
}

cshim_outcome_t outcome_of(pn_delivery_t *delivery, const Inspector &inspector) noexcept {
    cshim_outcome_t outcome{CSHIM_OUTCOME_NONE, false, false, {"", "", nullptr, 0}, 0, ""};
    switch (pn_delivery_remote_state(delivery)) {
    case PN_ACCEPTED: outcome.state = CSHIM_OUTCOME_ACCEPTED; break;
    case PN_REJECTED:
        outcome.state = CSHIM_OUTCOME_REJECTED;
        outcome.condition = condition_of(pn_disposition_condition(pn_delivery_remote(delivery)));
        break;
    case PN_RELEASED: outcome.state = CSHIM_OUTCOME_RELEASED; break;
    case PN_MODIFIED: {
        pn_disposition_t *const disposition = pn_delivery_remote(delivery);
        outcome.state = CSHIM_OUTCOME_MODIFIED;
        outcome.is_delivery_failed = pn_disposition_is_failed(disposition);
        outcome.is_undeliverable_here = pn_disposition_is_undeliverable(disposition);
        break;
    }
    default: {
        // Settled without a state (0), with one that is not terminal, or with an unknown one.
        const uint64_t type = pn_disposition_type(pn_delivery_remote(delivery));
        if (type == 0 || type == PN_RECEIVED) break;
        outcome.state = CSHIM_OUTCOME_UNKNOWN;
        outcome.descriptor = type;
        outcome.descriptor_symbol = inspector.symbol_behind(type);
        break;
    }
    }
    return outcome;
}

}  // namespace

void Handler::on_tracker_accept(proton::tracker &tracker) noexcept {
    handle_outcome(pn(tracker));
}

void Handler::on_tracker_reject(proton::tracker &tracker) noexcept {
    handle_outcome(pn(tracker));
}

void Handler::on_tracker_release(proton::tracker &tracker) noexcept {
    handle_outcome(pn(tracker));
}

void Handler::on_tracker_settle(proton::tracker &tracker) noexcept {
    handle_outcome(pn(tracker));
}

void Handler::handle_outcome(pn_delivery_t *delivery) noexcept {
    if (pn_delivery_get_context(delivery) == &reported) return;
    pn_delivery_set_context(delivery, &reported);
    auto *const sender =
        static_cast<cshim_sender *>(pn_link_get_context(pn_delivery_link(delivery)));
    if (sender && sender->is_owned) {
        cshim_connection &connection = *sender->session->connection;
        connection.note_event();
        const cshim_outcome_t outcome = outcome_of(delivery, connection.layer->inspector());
        const Dispatch dispatch(connection);
        container_.callbacks.delivery_updated(container_.callbacks.context, sender->id,
                                              tag_of(delivery), &outcome);
    }
    // We settle what the peer has not. Proton joins neighbours into one frame only if their state
    // is accepted.
    if (!pn_delivery_settled(delivery) && pn_delivery_remote_state(delivery) == PN_ACCEPTED) {
        pn_delivery_update(delivery, PN_ACCEPTED);
    }
    pn_delivery_settle(delivery);
}

}  // namespace cshim
