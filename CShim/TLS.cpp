// TLS: its files, and the reasons of its failures.
// SPDX-License-Identifier: Apache-2.0

#include "TLS.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <proton/ssl.h>
#include <proton/ssl.hpp>
#include <proton/transport.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "Objects.hpp"

namespace cshim {

namespace {

/// Debian's folder of certificate authorities. Proton-cpp requires one along with a client
/// certificate; it is what the system trusts by default.
constexpr const char *system_authorities = "/etc/ssl/certs";

const char *key_file_of(const cshim_tls_options_t &tls) noexcept {
    return is_given(tls.key_file) ? tls.key_file : tls.certificate_file;
}

/// Never NULL: without a password OpenSSL would ask for it at the terminal.
const char *key_password_of(const cshim_tls_options_t &tls) noexcept {
    return tls.key_password ? tls.key_password : "";
}

/// The key's password, and whether OpenSSL asked for it.
struct Password {
    const char *text;
    bool is_wanted = false;
};

int give_password(char *buffer, int size, int, void *context) noexcept {
    auto &password = *static_cast<Password *>(context);
    password.is_wanted = true;
    const size_t length = std::strlen(password.text);
    if (length > static_cast<size_t>(size)) return -1;
    std::memcpy(buffer, password.text, length);
    return static_cast<int>(length);
}

/// Whether OpenSSL's queue of errors, which is emptied, says that key and certificate do not match.
bool take_mismatch() noexcept {
    bool is_mismatch = false;
    while (const unsigned long error = ERR_get_error()) {
        if (ERR_GET_LIB(error) != ERR_LIB_X509) continue;
        const int reason = ERR_GET_REASON(error);
        is_mismatch |= reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH;
    }
    return is_mismatch;
}

}  // namespace

cshim_tls_fault_t fault_of(const cshim_tls_options_t &tls) noexcept {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> owner(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
    SSL_CTX *const context = owner.get();
    struct Clear {
        ~Clear() { ERR_clear_error(); }
    } const clear;
    if (!context) return CSHIM_TLS_FAULT_LIBRARY;
    if (is_given(tls.ca_file) && SSL_CTX_load_verify_file(context, tls.ca_file) != 1) {
        return CSHIM_TLS_FAULT_AUTHORITIES;
    }
    if (!is_given(tls.certificate_file)) return CSHIM_TLS_FAULT_NONE;
    if (SSL_CTX_use_certificate_chain_file(context, tls.certificate_file) != 1) {
        return CSHIM_TLS_FAULT_CERTIFICATE;
    }
    Password password{key_password_of(tls)};
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, &password);
    ERR_clear_error();
    if (SSL_CTX_use_PrivateKey_file(context, key_file_of(tls), SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(context) == 1) {
        return CSHIM_TLS_FAULT_NONE;
    }
    if (take_mismatch()) return CSHIM_TLS_FAULT_KEY_MISMATCH;
    return password.is_wanted ? CSHIM_TLS_FAULT_KEY_PASSWORD : CSHIM_TLS_FAULT_KEY;
}

namespace {

Result check(const cshim_tls_options_t &tls) noexcept {
    switch (fault_of(tls)) {
    case CSHIM_TLS_FAULT_NONE: return ok;
    case CSHIM_TLS_FAULT_LIBRARY: return {CSHIM_STATUS_PROTON_ERROR, "there is no TLS"};
    case CSHIM_TLS_FAULT_AUTHORITIES:
        return {CSHIM_STATUS_PROTON_ERROR, "the file of certificate authorities can't be used"};
    case CSHIM_TLS_FAULT_CERTIFICATE:
        return {CSHIM_STATUS_PROTON_ERROR, "the certificate can't be used"};
    case CSHIM_TLS_FAULT_KEY:
        return {CSHIM_STATUS_PROTON_ERROR, "the certificate's key can't be used"};
    case CSHIM_TLS_FAULT_KEY_PASSWORD:
        return {CSHIM_STATUS_PROTON_ERROR, "the password of the certificate's key is wrong"};
    case CSHIM_TLS_FAULT_KEY_MISMATCH:
        return {CSHIM_STATUS_PROTON_ERROR, "the key does not belong to the certificate"};
    }
    return {CSHIM_STATUS_PROTON_ERROR, "TLS can't be used"};
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

}  // namespace

Result use(const cshim_tls_options_t &tls, proton::connection_options &options) {
    // Proton-cpp's constructors leak half a megabyte when a file can't be used.
    const Result checked = check(tls);
    if (checked.status != CSHIM_STATUS_OK) return checked;
    try {
        options.ssl_client_options(tls_of(tls));
        return ok;
    } catch (const proton::error &) {
        // A file has changed since the check. The message of the exception contains the key's
        // password.
        const Result again = check(tls);
        if (again.status != CSHIM_STATUS_OK) return again;
        return {CSHIM_STATUS_PROTON_ERROR, "the files of TLS can't be used"};
    }
}

// MARK: - OpenSSL's end of a connection

namespace {

thread_local bool is_catching = false;
thread_local SSL *caught = nullptr;

/// OpenSSL calls this for every connection that is made, with a slot for user data.
void note_made(void *ssl, void *, CRYPTO_EX_DATA *, int, long, void *) noexcept {
    if (is_catching) caught = static_cast<SSL *>(ssl);
}

}  // namespace

TLSCatch::TLSCatch() noexcept {
    static const int index = SSL_get_ex_new_index(0, nullptr, note_made, nullptr, nullptr);
    is_catching = index >= 0;
    caught = nullptr;
}

TLSCatch::~TLSCatch() {
    is_catching = false;
    caught = nullptr;
}

SSL *TLSCatch::made() const noexcept {
    return caught;
}

Result trust_only(SSL *connection, const char *ca_file) {
    X509_STORE *const store = connection ? X509_STORE_new() : nullptr;
    if (store && X509_STORE_load_file(store, ca_file) == 1 &&
        SSL_set0_verify_cert_store(connection, store) == 1) {
        return ok;
    }
    X509_STORE_free(store);
    ERR_clear_error();
    return {CSHIM_STATUS_PROTON_ERROR, "the file of certificate authorities can't be used"};
}

// MARK: - Failures

namespace {

/// The beginning of proton's description of a TLS failure.
constexpr const char *failure_start = "SSL Failure: error:";
/// OpenSSL's reason for an alert of the peer is this plus the number of the alert.
constexpr int alert_offset = SSL_AD_REASON_OFFSET;

const char *name_of(long verification) noexcept {
    switch (verification) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "tls:certificate-expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "tls:certificate-not-yet-valid";
    // This check is proton's own: only the name does not match.
    case X509_V_ERR_APPLICATION_VERIFICATION: return "tls:certificate-name-mismatch";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED: return "tls:certificate-untrusted";
    default: return "tls:certificate-invalid";
    }
}

std::string peer_name(pn_transport_t *transport) {
    char name[256] = "";
    size_t size = sizeof name;
    if (pn_ssl_get_peer_hostname(pn_ssl(transport), name, &size)) return "the host";
    return name;
}

TLSCondition certificate_condition(SSL *tls, pn_transport_t *transport) {
    const long verification = SSL_get_verify_result(tls);
    if (verification == X509_V_ERR_APPLICATION_VERIFICATION) {
        return {name_of(verification),
                "the peer's certificate has no name that matches " + peer_name(transport)};
    }
    return {name_of(verification), X509_verify_cert_error_string(verification)};
}

/// Whether the peer had finished the handshake. SSL_is_init_finished is false once it has failed.
bool has_shaken_hands(SSL *tls) noexcept {
    char byte;
    return tls && SSL_get_peer_finished(tls, &byte, 0) > 0;
}

const char *name_of_reason(int reason) noexcept {
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    // During the handshake only.
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return "tls:not-spoken";
    case alert_offset + SSL_AD_CERTIFICATE_REQUIRED:
    case alert_offset + SSL_AD_BAD_CERTIFICATE:
    case alert_offset + SSL_AD_UNSUPPORTED_CERTIFICATE:
    case alert_offset + SSL_AD_CERTIFICATE_REVOKED:
    case alert_offset + SSL_AD_CERTIFICATE_EXPIRED:
    case alert_offset + SSL_AD_CERTIFICATE_UNKNOWN:
    case alert_offset + SSL_AD_UNKNOWN_CA:
    case alert_offset + SSL_AD_ACCESS_DENIED: return "tls:client-certificate-refused";
    default: return "tls:failed";
    }
}

}  // namespace

TLSCondition tls_condition_of(SSL *tls, pn_transport_t *transport,
                              const cshim_condition_t &condition) {
    if (std::strncmp(condition.description, failure_start, std::strlen(failure_start))) return {};
    const char *const code = condition.description + std::strlen(failure_start);
    const unsigned long error = std::strtoul(code, nullptr, 16);
    const int reason = ERR_GET_REASON(error);
    if (tls && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return certificate_condition(tls, transport);
    }
    const char *const words = ERR_reason_error_string(error);
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING && has_shaken_hands(tls)) {
        // As proton describes it for a connection without TLS.
        return {condition.name, "connection aborted"};
    }
    return {name_of_reason(reason), words ? words : code};
}

}  // namespace cshim

cshim_tls_fault_t cshim_tls_check(const cshim_tls_options_t *options) noexcept {
    return options ? cshim::fault_of(*options) : CSHIM_TLS_FAULT_NONE;
}
