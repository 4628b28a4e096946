// Sessions. Proton's default session is never used: it is cached, and can't be used once the peer
// has ended it.
// SPDX-License-Identifier: Apache-2.0

#include <proton/transport.h>

#include <algorithm>
#include <memory>
#include <new>

#include "Objects.hpp"
#include "SecurityLayer.hpp"

using namespace cshim;

bool cshim_session::is_usable() const noexcept {
    return session && is_owned && !is_lost && !(pn_session_state(session) & PN_REMOTE_CLOSED) &&
           connection->is_usable();
}

bool cshim_session::is_handle_left() const noexcept {
    // A closed link keeps its handle until its detach is written, and one without an answer as long
    // as the session lives. Proton assigns the smallest free handle.
    uint64_t count = 0;
    constexpr pn_state_t ended = PN_LOCAL_CLOSED | PN_REMOTE_CLOSED;
    pn_link_t *link = pn_link_head(connection->connection, 0);
    for (; link; link = pn_link_next(link, 0)) {
        count += pn_link_session(link) == session && (pn_link_state(link) & ended) != ended;
    }
    return count <= handle_max;
}

void cshim_session::close() noexcept {
    connection->layer->inspector().note_end(channel);
    pn_session_close(session);
}

bool cshim_session::has_all_left() const noexcept {
    if (pn_session_outgoing_bytes(session) > 0) return false;
    // Not pn_transport_pending: it may move the buffer that proton's thread is writing from.
    return !pn_transport_head(pn_connection_transport(connection->connection));
}

void cshim_session::detach() noexcept {
    while (cshim_sender *sender = senders.first()) sender->detach();
    connection->sessions.remove(*this);
    pn_session_set_context(session, nullptr);
    session = nullptr;
    if (!is_owned) delete this;
}

namespace {

/// Whether a channel is left for another session. Without one proton stops writing, and has no
/// event for it.
bool is_channel_left(pn_connection_t *connection) noexcept {
    pn_transport_t *const transport = pn_connection_transport(connection);
    if (!transport) return true;
    // One more than the largest number. A session that is ending has given its channel back.
    int left = pn_transport_get_channel_max(transport) + 1;
    pn_session_t *session = pn_session_head(connection, PN_LOCAL_ACTIVE);
    while (session && left > 0) {
        left -= 1;
        session = pn_session_next(session, PN_LOCAL_ACTIVE);
    }
    return left > 0;
}

}  // namespace

cshim_status_t cshim_connection_open_session(cshim_connection_t *connection, uint64_t session_id,
                                             cshim_session_t **session_out,
                                             cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!connection || !session_out) return null_argument;
        if (!connection->connection) return {CSHIM_STATUS_NOT_CONNECTED, "the connection is gone"};
        if (!connection->container->is_on_loop()) return wrong_thread;
        if (!connection->is_usable()) {
            return {CSHIM_STATUS_NOT_CONNECTED, "the connection is closed"};
        }
        if (!is_channel_left(connection->connection)) {
            return {CSHIM_STATUS_PROTON_ERROR, "the peer allows no more sessions"};
        }
        auto session = std::make_unique<cshim_session>();
        session->id = session_id;
        session->connection = connection;
        session->session = pn_session(connection->connection);
        if (!session->session) throw std::bad_alloc();
        pn_session_set_context(session->session, session.get());
        connection->refuse_transfers(session->session);
        pn_session_open(session->session);
        connection->sessions.insert(*session);
        connection->flush();
        *session_out = session.release();
        return ok;
    });
}

bool cshim_session_is_answered(cshim_session_t *session) noexcept {
    if (!session || !session->session || !session->connection->container->is_on_loop())
        return false;
    return session->is_answered;
}

size_t cshim_session_outgoing_bytes(cshim_session_t *session) noexcept {
    if (!session || !session->session || !session->connection->container->is_on_loop()) return 0;
    const size_t unframed_bytes = pn_session_outgoing_bytes(session->session);
    if (session->has_all_left()) session->settled_bytes = 0;
    return std::max(unframed_bytes, session->settled_bytes);
}

bool cshim_session_has_all_left(cshim_session_t *session) noexcept {
    if (!session || !session->session || !session->connection->container->is_on_loop())
        return false;
    return session->has_all_left();
}

void cshim_session_free(cshim_session_t *session) noexcept {
    if (!session) return;
    if (!session->session) {
        delete session;
        return;
    }
    cshim_connection &connection = *session->connection;
    if (!connection.container->is_on_loop()) return;
    session->is_owned = false;
    if (session->is_lost) {
        connection.note_freeable();
    } else if (session->is_answered) {
        session->close();
        connection.flush();
    }
    // The peer's begin is on its way. An end would free the channel at once, and that begin would
    // be matched to another session or end the connection. So the end is sent behind it.
}
