// Connections: options, events, and their end.
// SPDX-License-Identifier: Apache-2.0

#include <proton/connection_driver.h>
#include <proton/connection_options.hpp>
#include <proton/duration.hpp>
#include <proton/proactor.h>
#include <proton/ssl.h>
#include <proton/transport.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "Access.hpp"
#include "Objects.hpp"
#include "SecurityLayer.hpp"
#include "TLS.hpp"

using namespace cshim;

bool cshim_connection::is_usable() const noexcept {
    return connection && !is_closing && !(pn_connection_state(connection) & PN_REMOTE_CLOSED);
}

pn_transport_t *cshim_connection::transport() const noexcept {
    const pn_connection_driver_t *const driver = *pn_connection_driver_ptr(connection);
    return driver ? driver->transport : nullptr;
}

bool cshim_connection::is_input_at_end() const noexcept {
    pn_transport_t *const transport = pn_connection_transport(connection);
    return transport && pn_transport_tail_closed(transport);
}

void cshim_connection::wake() noexcept {
    if (is_wake_asked) return;
    is_wake_asked = true;
    pn_connection_wake(connection);
}

void cshim_connection::flush() noexcept {
    if (container->current != this) wake();
}

void cshim_connection::trace(bool is_incoming, const Frame &frame) const noexcept {
    if (!is_owned) return;
    const cshim_frame_t traced{is_incoming, frame.type != Frame::type_amqp, frame.channel,
                               reinterpret_cast<const uint8_t *>(frame.body.data()),
                               frame.body.size()};
    container->callbacks.frame_traced(container->callbacks.context, id, &traced);
}

void cshim_connection::note_event() noexcept {
    if (is_batch_open) return;
    is_batch_open = true;
    wake();
}

void cshim_connection::look_for_news() noexcept {
    for (cshim_session *session = sessions.first(); session; session = session->next) {
        for (cshim_sender *sender = session->senders.first(); sender; sender = sender->next) {
            if (sender->is_owned && sender->is_usable() && sender->has_news()) note_event();
        }
    }
}

void cshim_connection::note_freeable() noexcept {
    has_freeable = true;
    wake();
}

void cshim_connection::abort() noexcept {
    // Deferred to the wake, instead of pn_proactor_disconnect: if the socket then becomes writable
    // for the rest of a write that proton may no longer finish, its loop (0.37) spins. At the wake
    // all such events were handled.
    is_abort_asked = true;
    wake();
}

void cshim_connection::abort_at_wake() noexcept {
    pn_transport_t *const transport = pn_connection_transport(connection);
    // Without a transport, proton would end the connection without an event.
    if (!transport) return wake();
    note_end(transport);
    pn_transport_close_tail(transport);
    pn_transport_close_head(transport);
}

void cshim_connection::note_end(pn_transport_t *transport) const noexcept {
    pn_condition_t *const condition = pn_transport_condition(transport);
    if (pn_condition_is_set(condition)) return;
    pn_condition_set_name(condition, "amqp:connection:framing-error");
    pn_condition_set_description(condition, layer->is_within_frame()
                                                ? "the peer ended the connection within a frame"
                                                : "connection aborted");
}

void cshim_connection::end() noexcept {
    pn_transport_t *const transport = pn_connection_transport(connection);
    if (!(pn_connection_state(connection) & PN_REMOTE_CLOSED)) note_end(transport);
    // Our output was written by now, unless the peer has stopped reading.
    pn_transport_close_head(transport);
}

namespace {

/// The smallest frame size (§2.7.1); proton raises a smaller one to it.
constexpr uint32_t frame_size_min = 512;
constexpr uint32_t frame_size_default = 65536;

uint32_t frame_size_of(const cshim_connection_options_t &options) noexcept {
    if (options.max_frame_size_bytes == 0) return frame_size_default;
    return std::max(options.max_frame_size_bytes, frame_size_min);
}

}  // namespace

void cshim_connection::refuse_transfers(pn_session_t *session) const noexcept {
    // Proton's window is this capacity in frames, in 32 bits: 2^32 frames give 0. A capacity of 0
    // would mean no limit, and one smaller than a frame is an error of the caller.
    static_assert(sizeof(size_t) == 8, "the window of 0 needs a size_t of 64 bits");
    pn_session_set_incoming_capacity(session, static_cast<size_t>(frame_size) << 32);
}

void cshim_connection::break_off(const char *name, const char *description) noexcept {
    pn_transport_t *const transport = pn_connection_transport(connection);
    if (!transport || pn_transport_tail_closed(transport)) return;
    pn_condition_t *const condition = pn_transport_condition(transport);
    // The first fault is the reason.
    if (!pn_condition_is_set(condition)) {
        pn_condition_set_name(condition, name);
        pn_condition_set_description(condition, description);
    }
    pn_transport_close_tail(transport);
    // The close with the reason is written before the wake comes.
    is_closing = true;
    pn_condition_copy(pn_connection_condition(connection), condition);
    pn_connection_close(connection);
    wake();
}

void cshim_connection::detach() noexcept {
    while (cshim_session *session = sessions.first()) session->detach();
    layer->disown();
    layer = nullptr;
    pn_decref(layered);
    if (container->current == this) container->current = nullptr;
    container->connections.remove(*this);
    pn_connection_set_context(connection, nullptr);
    pn_decref(connection);
    connection = nullptr;
    if (container->is_stopping) container->post();
    if (!is_owned) delete this;
}

namespace {

constexpr size_t host_size_max = 1000;

/// The address for proton's URL parser, encoded so that no host can change its meaning.
std::string address_of(const cshim_connection_options_t &options) {
    const std::string host = is_given(options.address) ? options.address : options.host;
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return "amqp://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(options.port);
}

bool is_host(const char *host) noexcept {
    if (!is_given(host) || std::strlen(host) > host_size_max) return false;
    for (const char *c = host; *c; c += 1) {
        if (static_cast<unsigned char>(*c) <= ' ' || std::strchr("/@[]?#", *c)) return false;
    }
    return true;
}

proton::connection_options options_of(const cshim_connection_options_t &options) {
    proton::connection_options result;
    result.virtual_host(is_given(options.virtual_host) ? options.virtual_host : options.host);
    if (options.idle_timeout_ms) result.idle_timeout(proton::duration(options.idle_timeout_ms));
    result.max_frame_size(frame_size_of(options));
    return result;
}

Result check(const cshim_container_t &container, const cshim_connection_options_t &options) {
    if (!container.is_on_loop()) return wrong_thread;
    if (!container.is_running || container.is_stopping) {
        return {CSHIM_STATUS_INVALID_STATE, "the container is not running"};
    }
    if (!is_host(options.host)) return {CSHIM_STATUS_INVALID_ARGUMENT, "the host is no host"};
    if (is_given(options.address) && !is_host(options.address)) {
        return {CSHIM_STATUS_INVALID_ARGUMENT, "the address is none"};
    }
    if (options.port == 0) return {CSHIM_STATUS_INVALID_ARGUMENT, "the port is 0"};
    return ok;
}

Result begin_closing(cshim_connection_t *connection) {
    if (!connection) return null_argument;
    if (!connection->connection) return {CSHIM_STATUS_NOT_CONNECTED, "the connection is gone"};
    if (!connection->container->is_on_loop()) return wrong_thread;
    connection->is_closing = true;
    return ok;
}

}  // namespace

cshim_status_t cshim_container_look_up(cshim_container_t *container, uint64_t lookup_id,
                                       const char *host, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!container || !host) return null_argument;
        if (!container->is_on_loop()) return wrong_thread;
        if (!is_host(host)) return {CSHIM_STATUS_INVALID_ARGUMENT, "the host is no host"};
        container->lookups.begin(lookup_id, host);
        return ok;
    });
}

cshim_status_t cshim_container_connect(cshim_container_t *container, uint64_t connection_id,
                                       const cshim_connection_options_t *options,
                                       cshim_connection_t **connection_out,
                                       cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!container || !options || !connection_out) return null_argument;
        const Result checked = check(*container, *options);
        if (checked.status != CSHIM_STATUS_OK) return checked;
        proton::connection_options proton_options = options_of(*options);
        if (options->tls) {
            const Result used = use(*options->tls, proton_options);
            if (used.status != CSHIM_STATUS_OK) return used;
        }
        cshim_container::check_watching();
        auto connection = std::make_unique<cshim_connection>();
        connection->id = connection_id;
        connection->container = container;
        connection->frame_size = frame_size_of(*options);
        container->watch();
        const TLSCatch tls;
        const proton::connection opened =
            container->container.connect(address_of(*options), proton_options);
        connection->connection = pn(opened);
        connection->tls = tls.made();
        pn_incref(connection->connection);
        connection->is_traced = options->is_traced;
        connection->layered = connection->transport();
        pn_incref(connection->layered);
        connection->layer =
            SecurityLayer::install(connection->layered, *connection, connection->frame_size);
        pn_connection_set_context(connection->connection, connection.get());
        container->connections.insert(*connection);
        if (options->tls && is_given(options->tls->server_name)) {
            // Otherwise proton takes the open's hostname when it binds the transport.
            pn_ssl_set_peer_hostname(pn_ssl(connection->transport()), options->tls->server_name);
        }
        if (options->tls && is_given(options->tls->ca_file)) {
            const Result trusted = trust_only(connection->tls, options->tls->ca_file);
            if (trusted.status != CSHIM_STATUS_OK) {
                cshim_connection_free(connection.release());
                return trusted;
            }
        }
        *connection_out = connection.release();
        return ok;
    });
}

cshim_status_t cshim_connection_close(cshim_connection_t *connection,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        const Result begun = begin_closing(connection);
        if (begun.status != CSHIM_STATUS_OK) return begun;
        pn_connection_close(connection->connection);
        connection->flush();
        return ok;
    });
}

cshim_status_t cshim_connection_abort(cshim_connection_t *connection,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        const Result begun = begin_closing(connection);
        if (begun.status != CSHIM_STATUS_OK) return begun;
        connection->abort();
        return ok;
    });
}

void cshim_connection_free(cshim_connection_t *connection) noexcept {
    if (!connection) return;
    if (!connection->connection) {
        delete connection;
    } else if (connection->container->is_on_loop()) {
        connection->is_owned = false;
        cshim_connection_abort(connection, nullptr);
    }
}
