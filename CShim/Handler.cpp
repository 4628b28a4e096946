// Turns proton's events into the caller's callbacks.
// SPDX-License-Identifier: Apache-2.0

#include "Handler.hpp"

#include <proton/event.h>
#include <proton/receiver.hpp>
#include <proton/sasl.h>
#include <proton/transport.h>

#include <cstring>

#include "Access.hpp"
#include "Objects.hpp"
#include "SecurityLayer.hpp"
#include "TLS.hpp"

namespace cshim {

namespace {

/// Maximum number of deferrals of a batch's end while more events are waiting.
constexpr int deferral_count_max = 8;

cshim_connection *connection_of(pn_connection_t *connection) noexcept {
    return static_cast<cshim_connection *>(pn_connection_get_context(connection));
}

cshim_session *session_of(pn_session_t *session) noexcept {
    return static_cast<cshim_session *>(pn_session_get_context(session));
}

cshim_sender *sender_of(pn_link_t *link) noexcept {
    return static_cast<cshim_sender *>(pn_link_get_context(link));
}

cshim_settle_mode_t settle_mode_of(pn_link_t *link) noexcept {
    switch (pn_link_remote_snd_settle_mode(link)) {
    case PN_SND_UNSETTLED: return CSHIM_SETTLE_MODE_UNSETTLED;
    case PN_SND_SETTLED: return CSHIM_SETTLE_MODE_SETTLED;
    default: return CSHIM_SETTLE_MODE_MIXED;
    }
}

/// Whether an endpoint of the peer was refused before, so that this is its second begin or attach.
bool is_refused(pn_state_t state) noexcept {
    return state & PN_LOCAL_CLOSED;
}

/// Ends the connection of a peer that opens an open endpoint again. Proton would have two channels
/// or handles for the endpoint, and free it when one of them ends.
void refuse_second_open(pn_session_t *session) noexcept {
    cshim_connection *connection = connection_of(pn_session_connection(session));
    if (!connection) return;
    connection->break_off("amqp:not-allowed", "the peer opened a session or a link twice");
}

/// Closes a link that a peer opened: we only send.
void refuse(pn_link_t *link) noexcept {
    if (is_refused(pn_link_state(link))) return refuse_second_open(pn_link_session(link));
    pn_link_close(link);
    cshim_connection *connection = connection_of(pn_session_connection(pn_link_session(link)));
    if (connection) connection->note_refused();
}

/// Ends the connection of a peer that sends AMQP frames within SASL. Proton accepts them, and the
/// inspector does not see them.
bool refuse_early_frame(cshim_connection *connection) noexcept {
    if (!connection || connection->layer->inspector().is_open()) return false;
    connection->break_off("amqp:connection:framing-error",
                          "the peer breaks the protocol: a frame of AMQP within SASL");
    return true;
}

/// Notes that an endpoint that the peer opened has ended.
void note_stranger(pn_session_t *session) noexcept {
    cshim_connection *connection = connection_of(pn_session_connection(session));
    if (connection) connection->note_freeable();
}

/// The description of a SASL outcome by which the peer could not check the login (§5.3.3.6); null
/// for any other.
cshim_condition_t login_trouble_of(pn_transport_t *transport) noexcept {
    switch (pn_sasl_outcome(pn_sasl(transport))) {
    case PN_SASL_SYS:
        return {"sasl:system-error", "the peer can't check logins: SASL outcome 2", nullptr, 0};
    case PN_SASL_TEMP:
        return {"sasl:temporary-error", "the peer can't check logins now: SASL outcome 4", nullptr,
                0};
    default: return {nullptr, nullptr, nullptr, 0};
    }
}

cshim_connection_loss_t loss_of(pn_connection_t *connection,
                                const cshim_condition_t &condition) noexcept {
    const pn_state_t state = pn_connection_state(connection);
    if (state & PN_REMOTE_CLOSED) return CSHIM_CONNECTION_LOSS_CLOSED;
    // Proton uses this name for a login that SASL refused. After the open it has another cause.
    if ((state & PN_REMOTE_UNINIT) && !std::strcmp(condition.name, "amqp:unauthorized-access")) {
        return CSHIM_CONNECTION_LOSS_AUTHENTICATION;
    }
    return CSHIM_CONNECTION_LOSS_TRANSPORT;
}

}  // namespace

void Handler::on_container_start(proton::container &) noexcept {
    container_.callbacks.started(container_.callbacks.context);
}

// MARK: - Connection

void Handler::on_connection_open(proton::connection &object) noexcept {
    pn_connection_t *const pn_connection = pn(object);
    cshim_connection *const connection = connection_of(pn_connection);
    if (!connection || refuse_early_frame(connection) || !connection->is_owned) return;
    const Dispatch dispatch(*connection);
    connection->note_event();
    const char *const peer = pn_connection_remote_container(pn_connection);
    container_.callbacks.connection_opened(container_.callbacks.context, connection->id,
                                           peer ? peer : "");
}

void Handler::on_connection_wake(proton::connection &object) noexcept {
    pn_connection_t *const pn_connection = pn(object);
    cshim_connection *const connection = connection_of(pn_connection);
    if (!connection) return;
    connection->is_wake_asked = false;
    if (connection->is_abort_asked) return connection->abort_at_wake();
    // The wake may come before events of the same read, so the end of the batch is deferred behind
    // them; not without limit, since a peer may never pause.
    const bool has_more = pn_collector_peek(pn_connection_collector(pn_connection));
    if (has_more && connection->deferral_count < deferral_count_max) {
        connection->deferral_count += 1;
        connection->wake();
        return;
    }
    connection->deferral_count = 0;
    if (const Fault *const fault = connection->layer->fault(); fault && !has_more) {
        const bool is_new = !connection->is_input_at_end();
        connection->break_off(fault->name, fault->description.c_str());
        if (is_new) return;
    }
    const bool is_closed =
        pn_connection_state(pn_connection) == (PN_LOCAL_CLOSED | PN_REMOTE_CLOSED);
    if (!has_more && (is_closed || connection->is_input_at_end())) return connection->end();
    connection->free_unused();
    if (!connection->is_batch_open) return;
    connection->is_batch_open = false;
    if (!connection->is_owned) return;
    const Dispatch dispatch(*connection);
    container_.callbacks.batch_ended(container_.callbacks.context, connection->id);
}

void Handler::on_connection_close(proton::connection &object) noexcept {
    cshim_connection *const connection = connection_of(pn(object));
    if (connection) connection->wake();
}

void Handler::on_transport_close(proton::transport &object) noexcept {
    pn_transport_t *const transport = pn(object);
    pn_connection_t *const pn_connection = pn_transport_connection(transport);
    cshim_connection *const connection = pn_connection ? connection_of(pn_connection) : nullptr;
    if (!connection) return;
    const bool is_by_peer = pn_connection_state(pn_connection) & PN_REMOTE_CLOSED;
    cshim_condition_t condition =
        condition_of(is_by_peer ? pn_connection_remote_condition(pn_connection)
                                : pn_transport_condition(transport));
    const TLSCondition tls_condition =
        is_by_peer ? TLSCondition{} : tls_condition_of(connection->tls, transport, condition);
    if (tls_condition.is_given()) {
        condition = {tls_condition.name.c_str(), tls_condition.description.c_str(), nullptr, 0};
    }
    if (!is_by_peer && (pn_connection_state(pn_connection) & PN_REMOTE_UNINIT)) {
        const cshim_condition_t trouble = login_trouble_of(transport);
        if (trouble.name) condition = trouble;
    }
    const uint64_t id = connection->id;
    const bool is_owned = connection->is_owned;
    // First, so that no call from the callback reaches proton: it would queue the deliveries of a
    // lost transport for output again if they were settled.
    connection->detach();
    if (!is_owned) return;
    const cshim_callbacks_t &callbacks = container_.callbacks;
    callbacks.connection_lost(callbacks.context, id, loss_of(pn_connection, condition), &condition);
    callbacks.batch_ended(callbacks.context, id);
}

// MARK: - Session

void Handler::on_session_open(proton::session &object) noexcept {
    cshim_session *const session = session_of(pn(object));
    if (!session) {
        cshim_connection *const connection = connection_of(pn_session_connection(pn(object)));
        if (refuse_early_frame(connection)) return;
        if (is_refused(pn_session_state(pn(object)))) return refuse_second_open(pn(object));
        if (connection) connection->refuse_transfers(pn(object));
        pn_session_close(pn(object));
        if (connection) connection->note_refused();
        return;
    }
    if (session->is_answered) return refuse_second_open(session->session);
    session->is_answered = true;
    const Inspector::Answer answer = session->connection->layer->inspector().take_answer();
    session->channel = answer.channel;
    session->handle_max = answer.handle_max;
    if (!session->is_owned) return session->close();
    session->connection->note_event();
}

void Handler::on_session_close(proton::session &object) noexcept {
    pn_session_t *const pn_session = pn(object);
    cshim_session *const session = session_of(pn_session);
    if (!session) return note_stranger(pn_session);
    cshim_connection &connection = *session->connection;
    session->is_lost = true;
    if (!session->is_owned) return connection.note_freeable();
    const Dispatch dispatch(connection);
    connection.note_event();
    const cshim_condition_t condition = condition_of(pn_session_remote_condition(pn_session));
    container_.callbacks.session_lost(container_.callbacks.context, session->id, &condition);
}

// MARK: - Link

void Handler::on_sender_open(proton::sender &object) noexcept {
    pn_link_t *const link = pn(object);
    cshim_sender *const sender = sender_of(link);
    if (!sender) return refuse(link);
    if (sender->is_answered) return refuse_second_open(pn_link_session(link));
    sender->is_answered = true;
    if (!sender->is_owned) return pn_link_close(link);
    cshim_connection &connection = *sender->session->connection;
    const Dispatch dispatch(connection);
    connection.note_event();
    // The target of an open link may lack an address; a refusal has no target.
    const bool has_target = pn_terminus_get_type(pn_link_remote_target(link)) != PN_UNSPECIFIED;
    const cshim_link_properties_t properties{has_target, pn_link_remote_max_message_size(link),
                                             settle_mode_of(link)};
    container_.callbacks.link_opened(container_.callbacks.context, sender->id, &properties);
}

void Handler::on_sender_close(proton::sender &object) noexcept {
    report_link_lost(object, true);
}

void Handler::on_sender_detach(proton::sender &object) noexcept {
    report_link_lost(object, false);
}

void Handler::report_link_lost(proton::sender &object, bool is_closed) noexcept {
    pn_link_t *const link = pn(object);
    cshim_sender *const sender = sender_of(link);
    if (!sender) return note_stranger(pn_link_session(link));
    cshim_connection &connection = *sender->session->connection;
    sender->is_lost = true;
    if (!sender->is_owned) return connection.note_freeable();
    const Dispatch dispatch(connection);
    connection.note_event();
    const cshim_condition_t condition = condition_of(pn_link_remote_condition(link));
    container_.callbacks.link_lost(container_.callbacks.context, sender->id, is_closed, &condition);
}

void Handler::on_sendable(proton::sender &object) noexcept {
    cshim_sender *const sender = sender_of(pn(object));
    if (!sender || !sender->is_owned) return;
    // Proton raises this event also after each of our own writes. On a pre-settled link that is the
    // sign that the backlog has room again, and behind a piece of a message that the next may
    // follow.
    if (!sender->has_news() && sender->session->settled_bytes == 0 && !sender->partial) return;
    sender->session->connection->note_event();
}

void Handler::on_receiver_open(proton::receiver &object) noexcept {
    refuse(pn(object));
}

void Handler::on_receiver_close(proton::receiver &object) noexcept {
    note_stranger(pn_link_session(pn(object)));
}

}  // namespace cshim
