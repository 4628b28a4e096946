// The C ABI over logins by SASL (§5.3): the answers to its steps, and hashes.
// SPDX-License-Identifier: Apache-2.0
//
// The conventions are those of cshim.h. Mechanisms are chosen and carried out by the caller.

#ifndef CSHIM_LOGIN_H
#define CSHIM_LOGIN_H

#include "cshim.h"

#ifdef __cplusplus
extern "C" {
#endif

CSHIM_ASSUME_NONNULL_BEGIN

// MARK: - Answers

// Valid inside login_stepped only, one answer for each call.

/// Answers CSHIM_LOGIN_OFFERED: sends sasl-init (§5.3.3.2) with an initial response. The response
/// is overwritten once it was sent.
/// - Ownership: `mechanism` and `response` are copied.
cshim_status_t cshim_login_begin(cshim_login_t *login, const char *mechanism,
                                 const uint8_t *CSHIM_NULLABLE response, size_t size_bytes,
                                 cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Answers CSHIM_LOGIN_CHALLENGED: sends sasl-response (§5.3.3.4).
/// - Ownership: `response` is copied.
cshim_status_t cshim_login_respond(cshim_login_t *login, const uint8_t *CSHIM_NULLABLE response,
                                   size_t size_bytes,
                                   cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Answers any step: the login has failed, and the connection ends with this condition.
/// connection_lost reports "amqp:unauthorized-access" as CSHIM_CONNECTION_LOSS_AUTHENTICATION, and
/// proton's words for a failed login, with the mechanism, stand behind the description.
/// - Ownership: both strings are copied.
cshim_status_t cshim_login_fail(cshim_login_t *login, const char *condition,
                                const char *description,
                                cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

// MARK: - Hashes

/// A hash function of FIPS 180-4.
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_HASH_SHA1 CSHIM_SWIFT_NAME("sha1") = 0,
    CSHIM_HASH_SHA256 CSHIM_SWIFT_NAME("sha256"),
    CSHIM_HASH_SHA512 CSHIM_SWIFT_NAME("sha512")
} cshim_hash_t;

enum {
    /// The size of the largest hash. Units: bytes.
    CSHIM_HASH_SIZE_MAX = 64
};

/// Hashes bytes. Any thread. Returns the size of the hash; 0 if OpenSSL has not this hash.
/// - Precondition: there is room for CSHIM_HASH_SIZE_MAX bytes at `hash_out`.
size_t cshim_hash(cshim_hash_t hash, const uint8_t *CSHIM_NULLABLE bytes, size_t size_bytes,
                  uint8_t *hash_out) CSHIM_NOEXCEPT;

/// HMAC (RFC 2104). As cshim_hash.
size_t cshim_hmac(cshim_hash_t hash, const uint8_t *CSHIM_NULLABLE key, size_t key_size_bytes,
                  const uint8_t *CSHIM_NULLABLE bytes, size_t size_bytes,
                  uint8_t *hash_out) CSHIM_NOEXCEPT;

/// PBKDF2 with HMAC (RFC 8018 §5.2), as long as the hash. As cshim_hash; blocks for about a
/// microsecond for each iteration.
size_t cshim_derive_key(cshim_hash_t hash, const uint8_t *CSHIM_NULLABLE password,
                        size_t password_size_bytes, const uint8_t *CSHIM_NULLABLE salt,
                        size_t salt_size_bytes, uint32_t iteration_count,
                        uint8_t *hash_out) CSHIM_NOEXCEPT;

CSHIM_ASSUME_NONNULL_END

#ifdef __cplusplus
}
#endif

#endif
