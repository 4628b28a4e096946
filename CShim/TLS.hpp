// TLS: its files, and the reasons of its failures.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_TLS_HPP
#define CSHIM_TLS_HPP

#include <openssl/ssl.h>
#include <proton/connection_options.hpp>

#include <string>

#include "Firewall.hpp"
#include "cshim_endpoints.h"

struct pn_transport_t;

namespace cshim {

/// The first fault that OpenSSL finds in the files.
cshim_tls_fault_t fault_of(const cshim_tls_options_t &tls) noexcept;

/// Makes a connection use TLS; fails with the first fault of the files.
Result use(const cshim_tls_options_t &tls, proton::connection_options &options);

/// Catches the OpenSSL connection that proton makes while this lives, and does not expose: only
/// OpenSSL knows why a certificate was refused.
class TLSCatch {
public:
    TLSCatch() noexcept;
    ~TLSCatch();
    TLSCatch(const TLSCatch &) = delete;
    TLSCatch &operator=(const TLSCatch &) = delete;

    /// NULL if none was made. It lives as long as its transport.
    SSL *made() const noexcept;
};

/// Makes a connection trust the authorities of `ca_file` only: proton up to 0.40 adds them to the
/// system's (CVE-2026-105031). Fails if the file can't be used. `connection` may be NULL.
Result trust_only(SSL *connection, const char *ca_file);

/// A condition whose strings are its own.
struct TLSCondition {
    std::string name;
    std::string description;

    bool is_given() const noexcept { return !name.empty(); }
};

/// The reason of a TLS failure, from proton's description; none if TLS did not fail. `tls` is NULL
/// for a connection without TLS.
TLSCondition tls_condition_of(SSL *tls, pn_transport_t *transport,
                              const cshim_condition_t &condition);

}  // namespace cshim

#endif
