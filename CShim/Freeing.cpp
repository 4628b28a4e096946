// Frees endpoints that both peers have closed, while the connection lives, and bounds those of the
// peer that only we have closed.
// SPDX-License-Identifier: Apache-2.0
//
// Proton-cpp frees endpoints with their connection only: each reattach would cost 2.4 KB.

#include <proton/delivery.h>

#include "Objects.hpp"

namespace cshim {

void free_link(pn_link_t *link) noexcept {
    // pn_link_free settles the remaining deliveries, but those that were not sent stay in the
    // session's outgoing bytes. An abort removes them, and settles the others.
    for (pn_delivery_t *delivery = pn_unsettled_head(link); delivery;) {
        pn_delivery_t *const next = pn_unsettled_next(delivery);
        pn_delivery_abort(delivery);
        delivery = next;
    }
    pn_link_set_context(link, nullptr);
    pn_link_free(link);
}

void free_session(pn_session_t *session) noexcept {
    for (pn_link_t *link = pn_link_head(pn_session_connection(session), 0); link;) {
        pn_link_t *const next = pn_link_next(link, 0);
        if (pn_link_session(link) == session) free_link(link);
        link = next;
    }
    pn_session_set_context(session, nullptr);
    pn_session_free(session);
}

namespace {

constexpr pn_state_t ended = PN_LOCAL_CLOSED | PN_REMOTE_CLOSED;
/// An endpoint that we have closed, and the peer has not.
constexpr pn_state_t half_closed = PN_LOCAL_CLOSED | PN_REMOTE_ACTIVE;
/// After this number of refusals the peer's endpoints that are still open are counted. If they are
/// as many, the connection ends.
constexpr int refused_count_max = 1000;

/// Counts the endpoints that the peer opened, we have closed, and it leaves open.
int refused_left(pn_connection_t *connection) noexcept {
    int count = 0;
    for (pn_link_t *link = pn_link_head(connection, half_closed); link;
         link = pn_link_next(link, half_closed)) {
        if (!pn_link_get_context(link)) count += 1;
    }
    for (pn_session_t *session = pn_session_head(connection, half_closed); session;
         session = pn_session_next(session, half_closed)) {
        if (!pn_session_get_context(session)) count += 1;
    }
    return count;
}

/// Frees endpoints that the peer opened and we have closed.
void free_peer_endpoints(pn_connection_t *connection) noexcept {
    for (pn_link_t *link = pn_link_head(connection, ended); link;) {
        pn_link_t *const next = pn_link_next(link, ended);
        if (!pn_link_get_context(link)) free_link(link);
        link = next;
    }
    for (pn_session_t *session = pn_session_head(connection, ended); session;) {
        pn_session_t *const next = pn_session_next(session, ended);
        if (!pn_session_get_context(session)) free_session(session);
        session = next;
    }
}

void free_senders(cshim_session &session) noexcept {
    for (cshim_sender *sender = session.senders.first(); sender;) {
        cshim_sender *const next = sender->next;
        if (!sender->is_owned && (sender->is_lost || session.is_lost)) {
            pn_link_t *const link = sender->link;
            sender->detach();
            free_link(link);
        }
        sender = next;
    }
}

}  // namespace

}  // namespace cshim

void cshim_connection::free_unused() noexcept {
    // Frames behind the end of input were not inspected: proton may have more than one number for
    // an endpoint.
    if (!has_freeable || is_input_at_end()) return;
    has_freeable = false;
    for (cshim_session *each = sessions.first(); each;) {
        cshim_session *const next_session = each->next;
        if (!each->is_owned && each->is_lost) {
            pn_session_t *const ended_session = each->session;
            each->detach();
            cshim::free_session(ended_session);
        } else {
            cshim::free_senders(*each);
        }
        each = next_session;
    }
    cshim::free_peer_endpoints(connection);
}

void cshim_connection::note_refused() noexcept {
    refused_count += 1;
    if (refused_count < cshim::refused_count_max) return;
    refused_count = 0;
    if (cshim::refused_left(connection) < cshim::refused_count_max) return;
    break_off("amqp:resource-limit-exceeded",
              "the peer leaves 1000 sessions or links of its own open that we have closed");
}
