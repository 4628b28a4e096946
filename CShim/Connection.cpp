// One connection: its options, its end, and what is freed while it lives.
// SPDX-License-Identifier: Apache-2.0

#include <proton/connection_options.hpp>
#include <proton/duration.hpp>
#include <proton/proactor.h>
#include <proton/ssl.h>
#include <proton/ssl.hpp>

#include <cstring>
#include <memory>
#include <string>

#include "Access.hpp"
#include "Objects.hpp"

using namespace cshim;

bool cshim_connection::is_usable() const noexcept {
    return connection && !is_closing && !(pn_connection_state(connection) & PN_REMOTE_CLOSED);
}

void cshim_connection::wake() noexcept {
    if (is_wake_asked) return;
    is_wake_asked = true;
    pn_connection_wake(connection);
}

void cshim_connection::flush() noexcept {
    if (container->current != this) wake();
}

void cshim_connection::note_event() noexcept {
    if (is_batch_open) return;
    is_batch_open = true;
    wake();
}

void cshim_connection::note_garbage() noexcept {
    has_garbage = true;
    wake();
}

void cshim_connection::forget() noexcept {
    while (cshim_session *session = sessions.first()) session->forget();
    if (container->current == this) container->current = nullptr;
    container->connections.remove(*this);
    pn_connection_set_context(connection, nullptr);
    connection = nullptr;
    if (!is_held) delete this;
}

namespace {

constexpr size_t host_size_max = 1000;

/// Debian's folder of certificate authorities. Proton-cpp wants one named beside a certificate of
/// ours; the system's are trusted by default already.
constexpr const char *system_authorities = "/etc/ssl/certs";

/// The address for proton's URL parser, which the host must not be able to lead astray.
std::string address_of(const cshim_connection_options_t &options) {
    const std::string host = options.host;
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

const char *key_file_of(const cshim_tls_options_t &tls) noexcept {
    return is_given(tls.key_file) ? tls.key_file : tls.certificate_file;
}

/// Never NULL: without a password OpenSSL would ask for it at the terminal.
const char *key_password_of(const cshim_tls_options_t &tls) noexcept {
    return tls.key_password ? tls.key_password : "";
}

/// Whether the files can be used. When they can't, proton-cpp's constructors leak half a megabyte,
/// and put the key's password into what they throw.
Result check(const cshim_tls_options_t &tls) noexcept {
    const std::unique_ptr<pn_ssl_domain_t, decltype(&pn_ssl_domain_free)> domain(
        pn_ssl_domain(PN_SSL_MODE_CLIENT), pn_ssl_domain_free);
    if (!domain) return {CSHIM_STATUS_PROTON_ERROR, "there is no TLS"};
    if (is_given(tls.ca_file) && pn_ssl_domain_set_trusted_ca_db(domain.get(), tls.ca_file)) {
        return {CSHIM_STATUS_PROTON_ERROR, "the file of certificate authorities can't be used"};
    }
    if (is_given(tls.certificate_file) &&
        pn_ssl_domain_set_credentials(domain.get(), tls.certificate_file, key_file_of(tls),
                                      key_password_of(tls))) {
        return {CSHIM_STATUS_PROTON_ERROR, "the certificate or its key can't be used"};
    }
    return ok;
}

proton::ssl_client_options tls_of(const cshim_tls_options_t &tls) {
    const auto mode =
        tls.is_peer_verified ? proton::ssl::VERIFY_PEER_NAME : proton::ssl::ANONYMOUS_PEER;
    if (!is_given(tls.certificate_file)) {
        return is_given(tls.ca_file) ? proton::ssl_client_options(tls.ca_file, mode)
                                     : proton::ssl_client_options(mode);
    }
    const proton::ssl_certificate certificate(tls.certificate_file, key_file_of(tls),
                                              key_password_of(tls));
    return proton::ssl_client_options(
        certificate, is_given(tls.ca_file) ? tls.ca_file : system_authorities, mode);
}

proton::connection_options options_of(const cshim_connection_options_t &options) {
    proton::connection_options result;
    if (is_given(options.user)) result.user(options.user);
    if (is_given(options.password)) result.password(options.password);
    if (is_given(options.sasl_mechanisms)) result.sasl_allowed_mechs(options.sasl_mechanisms);
    if (options.is_insecure_authentication_allowed) result.sasl_allow_insecure_mechs(true);
    if (is_given(options.virtual_host)) result.virtual_host(options.virtual_host);
    if (options.idle_timeout_ms) result.idle_timeout(proton::duration(options.idle_timeout_ms));
    if (options.max_frame_size_bytes) result.max_frame_size(options.max_frame_size_bytes);
    return result;
}

Result check(const cshim_container_t &container, const cshim_connection_options_t &options) {
    if (!container.is_on_loop()) return wrong_thread;
    if (!container.is_running || container.is_stopping) {
        return {CSHIM_STATUS_INVALID_STATE, "the container is not running"};
    }
    if (!is_host(options.host)) return {CSHIM_STATUS_INVALID_ARGUMENT, "the host is no host"};
    if (options.port == 0) return {CSHIM_STATUS_INVALID_ARGUMENT, "the port is 0"};
    return ok;
}

}  // namespace

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
            const Result checked_tls = check(*options->tls);
            if (checked_tls.status != CSHIM_STATUS_OK) return checked_tls;
            proton_options.ssl_client_options(tls_of(*options->tls));
        }
        auto connection = std::make_unique<cshim_connection>();
        connection->id = connection_id;
        connection->container = container;
        const proton::connection opened =
            container->container.connect(address_of(*options), proton_options);
        connection->connection = pn(opened);
        pn_connection_set_context(connection->connection, connection.get());
        container->connections.insert(*connection);
        *connection_out = connection.release();
        return ok;
    });
}

cshim_status_t cshim_connection_close(cshim_connection_t *connection,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!connection) return null_argument;
        if (!connection->connection) return {CSHIM_STATUS_NOT_CONNECTED, "the connection is gone"};
        if (!connection->container->is_on_loop()) return wrong_thread;
        connection->is_closing = true;
        pn_connection_close(connection->connection);
        connection->flush();
        return ok;
    });
}

cshim_status_t cshim_connection_abort(cshim_connection_t *connection,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!connection) return null_argument;
        if (!connection->connection) return {CSHIM_STATUS_NOT_CONNECTED, "the connection is gone"};
        if (!connection->container->is_on_loop()) return wrong_thread;
        connection->is_closing = true;
        pn_proactor_disconnect(pn_connection_proactor(connection->connection), nullptr);
        return ok;
    });
}

void cshim_connection_free(cshim_connection_t *connection) noexcept {
    if (!connection) return;
    if (!connection->connection) {
        delete connection;
    } else if (connection->container->is_on_loop()) {
        connection->is_held = false;
        cshim_connection_abort(connection, nullptr);
    }
}
