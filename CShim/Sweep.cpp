// Freeing what both ends have given up, while the connection lives on.
// SPDX-License-Identifier: Apache-2.0
//
// Proton-cpp frees no endpoint before its connection: 2.4 KB are lost whenever a link is re-opened.

#include <proton/delivery.h>

#include "Objects.hpp"

namespace cshim {

void free_link(pn_link_t *link) noexcept {
    // pn_link_free settles what is left, but what was not sent stays in the session's outgoing
    // bytes for good. An abort takes it out, and is a settling like any other for what was sent.
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

/// What a peer opened towards us, and we closed.
void sweep_strangers(pn_connection_t *connection) noexcept {
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

void sweep_senders(cshim_session &session) noexcept {
    for (cshim_sender *sender = session.senders.first(); sender;) {
        cshim_sender *const next = sender->next;
        if (!sender->is_held && (sender->is_lost || session.is_lost)) {
            pn_link_t *const link = sender->link;
            sender->forget();
            free_link(link);
        }
        sender = next;
    }
}

}  // namespace

}  // namespace cshim

void cshim_connection::sweep() noexcept {
    // Behind frames that nobody has looked at, an endpoint may be known to proton by more than one
    // number.
    if (!has_garbage || is_input_at_end()) return;
    has_garbage = false;
    for (cshim_session *each = sessions.first(); each;) {
        cshim_session *const next_session = each->next;
        if (!each->is_held && each->is_lost) {
            pn_session_t *const ended_session = each->session;
            each->forget();
            cshim::free_session(ended_session);
        } else {
            cshim::sweep_senders(*each);
        }
        each = next_session;
    }
    cshim::sweep_strangers(connection);
}
