// Outcomes of deliveries. This is the hot path: nothing is allocated, and acceptances that follow
// one another are reported by one call.
// SPDX-License-Identifier: Apache-2.0

#include <proton/delivery.h>
#include <proton/disposition.h>
#include <proton/event.h>

#include <endian.h>

#include <algorithm>
#include <cstring>

#include "Access.hpp"
#include "Handler.hpp"
#include "Objects.hpp"
#include "SecurityLayer.hpp"

namespace cshim {

namespace {

/// Marks a delivery that was reported with another outcome than accepted, in its context, which
/// proton clears when it reuses the delivery. The local state marks an accepted one.
char reported;

bool is_reported(pn_delivery_t *delivery) noexcept {
    return pn_delivery_local_state(delivery) == PN_ACCEPTED ||
           pn_delivery_get_context(delivery) == &reported;
}

/// Whether the peer has given a terminal state, or has settled.
bool has_outcome(pn_delivery_t *delivery) noexcept {
    switch (pn_delivery_remote_state(delivery)) {
    case PN_ACCEPTED:
    case PN_REJECTED:
    case PN_RELEASED:
    case PN_MODIFIED: return true;
    default: return pn_delivery_settled(delivery);
    }
}

cshim_sender *sender_of(pn_delivery_t *delivery) noexcept {
    return static_cast<cshim_sender *>(pn_link_get_context(pn_delivery_link(delivery)));
}

uint64_t tag_of(pn_delivery_t *delivery) noexcept {
    const pn_delivery_tag_t bytes = pn_delivery_tag(delivery);
    uint64_t tag = 0;
    std::memcpy(&tag, bytes.start, std::min(bytes.size, sizeof tag));
    return be64toh(tag);
}

/// Any outcome but accepted.
cshim_outcome_t outcome_of(pn_delivery_t *delivery, const Inspector &inspector) noexcept {
    cshim_outcome_t outcome{CSHIM_OUTCOME_NONE, false, false, {"", "", nullptr, 0}, 0, ""};
    switch (pn_delivery_remote_state(delivery)) {
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

/// The delivery of the next event; NULL if the event is another, or not about what we have sent.
pn_delivery_t *next_delivery(pn_collector_t *collector) noexcept {
    pn_event_t *const event = pn_collector_peek(collector);
    if (!event || pn_event_type(event) != PN_DELIVERY) return nullptr;
    pn_delivery_t *const delivery = pn_event_delivery(event);
    return sender_of(delivery) ? delivery : nullptr;
}

}  // namespace

void Handler::on_tracker_accept(proton::tracker &tracker) noexcept {
    handle_outcomes(pn(tracker));
}

void Handler::on_tracker_reject(proton::tracker &tracker) noexcept {
    handle_outcomes(pn(tracker));
}

void Handler::on_tracker_release(proton::tracker &tracker) noexcept {
    handle_outcomes(pn(tracker));
}

void Handler::on_tracker_settle(proton::tracker &tracker) noexcept {
    handle_outcomes(pn(tracker));
}

/// Acceptances that follow one another on one link, which are reported together.
class Handler::AcceptedRun {
public:
    explicit AcceptedRun(const cshim_callbacks_t &callbacks) noexcept : callbacks_(callbacks) {}

    void add(cshim_sender &sender, uint64_t tag) noexcept {
        if (count_ == count_max || sender_ != &sender) report();
        sender_ = &sender;
        tags_[count_] = tag;
        count_ += 1;
    }

    void report() noexcept {
        if (count_ == 0) return;
        const size_t count = count_;
        count_ = 0;
        // The report of another link's run may have freed it.
        if (!sender_->is_owned) return;
        const Dispatch dispatch(*sender_->session->connection);
        callbacks_.deliveries_accepted(callbacks_.context, sender_->id, tags_, count);
    }

private:
    static constexpr size_t count_max = 256;

    const cshim_callbacks_t &callbacks_;
    cshim_sender *sender_ = nullptr;
    uint64_t tags_[count_max];
    size_t count_ = 0;
};

void Handler::handle_outcomes(pn_delivery_t *first) noexcept {
    if (is_reported(first)) return;
    pn_connection_t *const connection =
        pn_session_connection(pn_link_session(pn_delivery_link(first)));
    AcceptedRun accepted(container_.callbacks);
    handle_outcome(first, accepted);
    // Proton-cpp would look for the handler of each event, which costs more than the outcome: those
    // that wait behind this one are taken here, in their order.
    pn_collector_t *const collector = pn_connection_collector(connection);
    while (pn_delivery_t *const delivery = next_delivery(collector)) {
        if (pn_delivery_updated(delivery) && has_outcome(delivery) && !is_reported(delivery)) {
            handle_outcome(delivery, accepted);
        }
        pn_collector_pop(collector);
    }
    accepted.report();
}

void Handler::handle_outcome(pn_delivery_t *delivery, AcceptedRun &accepted) noexcept {
    const bool is_accepted = pn_delivery_remote_state(delivery) == PN_ACCEPTED;
    if (!is_accepted) accepted.report();
    cshim_sender *const sender = sender_of(delivery);
    const bool is_heard = sender && sender->is_owned;
    if (sender && sender->partial == delivery) return handle_early_outcome(*sender, is_accepted);
    if (is_heard) sender->session->connection->note_event();
    if (is_accepted) {
        if (is_heard) accepted.add(*sender, tag_of(delivery));
        // We settle what the peer has not. Proton joins neighbours into one frame only if their
        // state is accepted.
        pn_delivery_update(delivery, PN_ACCEPTED);
    } else {
        pn_delivery_set_context(delivery, &reported);
        if (is_heard) report(*sender, delivery);
    }
    pn_delivery_settle(delivery);
}

/// A receiver may return or refuse a delivery that it has not wholly received (§2.6.14). An
/// acceptance of one would not say what the receiver has.
void Handler::handle_early_outcome(cshim_sender &sender, bool is_accepted) noexcept {
    if (is_accepted) {
        return sender.session->connection->break_off("amqp:illegal-state",
                                                     "the peer accepted a message before its end");
    }
    pn_delivery_t *const delivery = sender.partial;
    pn_delivery_set_context(delivery, &reported);
    if (sender.is_owned) {
        sender.session->connection->note_event();
        report(sender, delivery);
    }
    // The caller may have aborted it meanwhile.
    if (sender.link && sender.partial == delivery) sender.abort_partial();
}

void Handler::report(const cshim_sender &sender, pn_delivery_t *delivery) noexcept {
    const cshim_connection &connection = *sender.session->connection;
    const cshim_outcome_t outcome = outcome_of(delivery, connection.layer->inspector());
    const Dispatch dispatch(*sender.session->connection);
    container_.callbacks.delivery_updated(container_.callbacks.context, sender.id, tag_of(delivery),
                                          &outcome);
}

}  // namespace cshim
