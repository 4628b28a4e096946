// Hashes, which are OpenSSL's.
// SPDX-License-Identifier: Apache-2.0

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <climits>

#include "cshim_login.h"

static_assert(CSHIM_HASH_SIZE_MAX >= EVP_MAX_MD_SIZE, "a hash does not fit");

namespace {

const EVP_MD *function_of(cshim_hash_t hash) noexcept {
    switch (hash) {
    case CSHIM_HASH_SHA1: return EVP_sha1();
    case CSHIM_HASH_SHA256: return EVP_sha256();
    case CSHIM_HASH_SHA512: return EVP_sha512();
    }
    return nullptr;
}

/// The size of the hash, if it was made. OpenSSL's queue of errors belongs to the thread, and
/// proton reads it.
size_t size_if(bool is_made, const EVP_MD *function) noexcept {
    if (is_made) return static_cast<size_t>(EVP_MD_get_size(function));
    ERR_clear_error();
    return 0;
}

/// OpenSSL takes no NULL, and its sizes are int.
const unsigned char *bytes_or_empty(const uint8_t *bytes) noexcept {
    static const unsigned char empty = 0;
    return bytes ? bytes : &empty;
}

bool fits(size_t size) noexcept {
    return size <= INT_MAX;
}

}  // namespace

size_t cshim_hash(cshim_hash_t hash, const uint8_t *bytes, size_t size_bytes,
                  uint8_t *hash_out) noexcept {
    const EVP_MD *const function = function_of(hash);
    return size_if(
        EVP_Digest(bytes_or_empty(bytes), size_bytes, hash_out, nullptr, function, nullptr) == 1,
        function);
}

size_t cshim_hmac(cshim_hash_t hash, const uint8_t *key, size_t key_size_bytes,
                  const uint8_t *bytes, size_t size_bytes, uint8_t *hash_out) noexcept {
    const EVP_MD *const function = function_of(hash);
    const bool is_made = fits(key_size_bytes) &&
                         HMAC(function, bytes_or_empty(key), static_cast<int>(key_size_bytes),
                              bytes_or_empty(bytes), size_bytes, hash_out, nullptr);
    return size_if(is_made, function);
}

size_t cshim_derive_key(cshim_hash_t hash, const uint8_t *password, size_t password_size_bytes,
                        const uint8_t *salt, size_t salt_size_bytes, uint32_t iteration_count,
                        uint8_t *hash_out) noexcept {
    const EVP_MD *const function = function_of(hash);
    const bool is_made =
        fits(password_size_bytes) && fits(salt_size_bytes) && fits(iteration_count) &&
        PKCS5_PBKDF2_HMAC(reinterpret_cast<const char *>(bytes_or_empty(password)),
                          static_cast<int>(password_size_bytes), bytes_or_empty(salt),
                          static_cast<int>(salt_size_bytes), static_cast<int>(iteration_count),
                          function, EVP_MD_get_size(function), hash_out) == 1;
    return size_if(is_made, function);
}
