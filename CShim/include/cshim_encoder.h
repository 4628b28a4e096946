// The C ABI over proton's codec: AMQP values, encoded one behind the other.
// SPDX-License-Identifier: Apache-2.0
//
// The conventions are those of cshim.h, but that text, too, comes as a pointer and a size: it may
// hold a NUL. What is text has to be UTF-8, and ASCII in a symbol; that is not looked at here.

#ifndef CSHIM_ENCODER_H
#define CSHIM_ENCODER_H

#include "cshim.h"

#ifdef __cplusplus
extern "C" {
#endif

CSHIM_ASSUME_NONNULL_BEGIN

/// Values of the AMQP types (§1.6), in the order in which they were put.
///
/// Any one thread at a time, for all functions of an encoder.
typedef struct cshim_encoder cshim_encoder_t;

/// Most values in one encoder, those inside of others and those that hold others among them:
/// proton counts in 16 bits. One more is CSHIM_STATUS_INVALID_ARGUMENT.
#define CSHIM_ENCODER_VALUE_COUNT_MAX 65535

/// Makes an encoder without values.
/// - Ownership: `*encoder_out` is owned.
cshim_status_t cshim_encoder_new(cshim_encoder_t *CSHIM_NULLABLE *CSHIM_NULLABLE encoder_out,
                                 cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

// MARK: - Scalars

cshim_status_t cshim_encoder_put_null(cshim_encoder_t *encoder,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_bool(cshim_encoder_t *encoder, bool value,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_ubyte(cshim_encoder_t *encoder, uint8_t value,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_uint(cshim_encoder_t *encoder, uint32_t value,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_ulong(cshim_encoder_t *encoder, uint64_t value,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_int(cshim_encoder_t *encoder, int32_t value,
                                     cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_long(cshim_encoder_t *encoder, int64_t value,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_double(cshim_encoder_t *encoder, double value,
                                        cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// - Units: `value` in milliseconds since 1970 began, in UTC (§1.6.17).
cshim_status_t cshim_encoder_put_timestamp(cshim_encoder_t *encoder, int64_t value,
                                           cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// - Ownership: the sixteen bytes are copied.
cshim_status_t cshim_encoder_put_uuid(cshim_encoder_t *encoder, const uint8_t *bytes,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// - Ownership: `bytes` are copied, here and in the two below.
cshim_status_t cshim_encoder_put_binary(cshim_encoder_t *encoder,
                                        const uint8_t *CSHIM_NULLABLE bytes, size_t size_bytes,
                                        cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_string(cshim_encoder_t *encoder,
                                        const uint8_t *CSHIM_NULLABLE bytes, size_t size_bytes,
                                        cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;
cshim_status_t cshim_encoder_put_symbol(cshim_encoder_t *encoder,
                                        const uint8_t *CSHIM_NULLABLE bytes, size_t size_bytes,
                                        cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

// MARK: - Values that hold others

/// Begins a list: all that is put up to cshim_encoder_finish is in it.
cshim_status_t cshim_encoder_start_list(cshim_encoder_t *encoder,
                                        cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Begins a map: a key and its value in turn. That no key stands twice (§1.6.23) is the caller's
/// care: proton encodes what it is given.
cshim_status_t cshim_encoder_start_map(cshim_encoder_t *encoder,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Begins a described value, such as a section of a message (§3.2): one value is to follow.
cshim_status_t cshim_encoder_start_described(cshim_encoder_t *encoder, uint64_t descriptor,
                                             cshim_error_t *CSHIM_NULLABLE error_out)
    CSHIM_NOEXCEPT;

/// Ends what was begun last. CSHIM_STATUS_INVALID_STATE when nothing was begun, a key of a map is
/// without its value, or a described value is not one value.
cshim_status_t cshim_encoder_finish(cshim_encoder_t *encoder,
                                    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

// MARK: - Encoding

/// Encodes all values. CSHIM_STATUS_INVALID_STATE when one that was begun is not finished.
/// - Ownership: `buffer` is borrowed and filled; `*size_out` is the encoded size, also when the
///   status is CSHIM_STATUS_BUFFER_TOO_SMALL and `buffer` holds nothing of use.
cshim_status_t cshim_encoder_encode(cshim_encoder_t *encoder, uint8_t *CSHIM_NULLABLE buffer,
                                    size_t capacity_bytes, size_t *size_out,
                                    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

void cshim_encoder_free(cshim_encoder_t *CSHIM_NULLABLE encoder) CSHIM_NOEXCEPT;

CSHIM_ASSUME_NONNULL_END

#ifdef __cplusplus
}
#endif

#endif
