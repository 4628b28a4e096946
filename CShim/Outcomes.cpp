// The hot path: what became of a delivery. Nothing is allocated or looked up here.
// SPDX-License-Identifier: Apache-2.0

#include <proton/delivery.h>
#include <proton/disposition.h>

#include <string>

#include "Access.hpp"
#include "FrameLine.hpp"
#include "Handler.hpp"
#include "Objects.hpp"

namespace cshim {

namespace {

/// The context of a delivery holds its id, and in the lowest bit that it was reported. Proton clears the
/// context when it uses the delivery again.
constexpr uintptr_t reported = 1;

uintptr_t context_of(pn_delivery_t *delivery) noexcept {
    return reinterpret_cast<uintptr_t>(pn_delivery_get_context(delivery));
}

void set_context(pn_delivery_t *delivery, uintptr_t context) noexcept {
    pn_delivery_set_context(delivery, reinterpret_cast<void *>(context));
}

uint64_t tag_of(pn_delivery_t *delivery) noexcept {
    const pn_delivery_tag_t bytes = pn_delivery_tag(delivery);
    uint64_t tag = 0;
    for (size_t i = 0; i < bytes.size; i += 1) {
        tag = tag << 8 | static_cast<uint8_t>(bytes.start[i]);
    }
    return tag;
}

/// The strings of an outcome that proton does not read; valid until the next one.
struct Words {
    std::string name;
    std::string description;
    std::string descriptor;
};

/// An outcome whose descriptor is a symbol (§3.4), which proton passes over.
void read_symbolic(const ListText &state, cshim_outcome_t &outcome, Words &words) {
    const std::string symbol = state.symbol();
    if (symbol == "amqp:accepted:list") {
        outcome.state = CSHIM_OUTCOME_ACCEPTED;
    } else if (symbol == "amqp:released:list") {
        outcome.state = CSHIM_OUTCOME_RELEASED;
    } else if (symbol == "amqp:modified:list") {
        outcome.state = CSHIM_OUTCOME_MODIFIED;
        outcome.is_delivery_failed = state.field(0, "delivery-failed") == "true";
        outcome.is_undeliverable_here = state.field(1, "undeliverable-here") == "true";
    } else if (symbol == "amqp:rejected:list") {
        outcome.state = CSHIM_OUTCOME_REJECTED;
        if (const auto error = ListText::parse(state.field(0, "error"))) {
            words.name = text_of(error->field(0, "condition"));
            words.description = text_of(error->field(1, "description"));
        }
        outcome.condition = {words.name.c_str(), words.description.c_str(), nullptr, 0};
    } else if (symbol != "amqp:received:list") {
        outcome.state = CSHIM_OUTCOME_UNKNOWN;
        words.descriptor = symbol;
        outcome.descriptor = words.descriptor.c_str();
    }
}

/// A state that is none of those that proton knows.
void read_other(pn_delivery_t *delivery, cshim_outcome_t &outcome) noexcept {
    static thread_local Words words;
    const auto *const sender =
        static_cast<cshim_sender *>(pn_link_get_context(pn_delivery_link(delivery)));
    const uint64_t type = pn_disposition_type(pn_delivery_remote(delivery));
    words = Words();
    try {
        if (type != 0 && type != PN_RECEIVED) {
            outcome.state = CSHIM_OUTCOME_UNKNOWN;
            words.descriptor = std::to_string(type);
            outcome.descriptor = words.descriptor.c_str();
        }
        if (type != 0 || !sender) return;
        const auto id = static_cast<uint32_t>(context_of(delivery) >> 1);
        for (const SymbolicState &each : sender->session->connection->symbolic_states) {
            if (each.channel != sender->session->remote_channel) continue;
            if (id - each.first > each.last - each.first) continue;
            if (const auto state = ListText::parse(each.text)) read_symbolic(*state, outcome, words);
        }
    } catch (...) {
        // Out of memory: a state that is not known is none.
    }
}

cshim_outcome_t outcome_of(pn_delivery_t *delivery) noexcept {
    cshim_outcome_t outcome{CSHIM_OUTCOME_NONE, false, false, {"", "", nullptr, 0}, ""};
    switch (pn_delivery_remote_state(delivery)) {
    case PN_ACCEPTED:
        outcome.state = CSHIM_OUTCOME_ACCEPTED;
        break;
    case PN_REJECTED:
        outcome.state = CSHIM_OUTCOME_REJECTED;
        outcome.condition = condition_of(pn_disposition_condition(pn_delivery_remote(delivery)));
        break;
    case PN_RELEASED:
        outcome.state = CSHIM_OUTCOME_RELEASED;
        break;
    case PN_MODIFIED: {
        pn_disposition_t *const disposition = pn_delivery_remote(delivery);
        outcome.state = CSHIM_OUTCOME_MODIFIED;
        outcome.is_delivery_failed = pn_disposition_is_failed(disposition);
        outcome.is_undeliverable_here = pn_disposition_is_undeliverable(disposition);
        break;
    }
    default: read_other(delivery, outcome);
    }
    return outcome;
}

}  // namespace

void note_sent(cshim_session &session, pn_delivery_t *delivery) noexcept {
    set_context(delivery, static_cast<uintptr_t>(session.next_delivery_id) << 1);
    session.next_delivery_id += 1;
}

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
    if (context_of(delivery) & reported) return;
    set_context(delivery, context_of(delivery) | reported);
    auto *const sender =
        static_cast<cshim_sender *>(pn_link_get_context(pn_delivery_link(delivery)));
    if (sender && sender->is_held) {
        cshim_connection &connection = *sender->session->connection;
        connection.note_event();
        const cshim_outcome_t outcome = outcome_of(delivery);
        const Dispatch dispatch(connection);
        container_.callbacks.delivery_updated(container_.callbacks.context, sender->id,
                                              tag_of(delivery), &outcome);
    }
    // What the peer has not settled we answer, and proton folds neighbours into one frame only when
    // they say accepted.
    if (!pn_delivery_settled(delivery) && pn_delivery_remote_state(delivery) == PN_ACCEPTED) {
        pn_delivery_update(delivery, PN_ACCEPTED);
    }
    pn_delivery_settle(delivery);
}

}  // namespace cshim
