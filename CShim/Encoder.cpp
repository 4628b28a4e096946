// AMQP values, encoded by proton's codec.
// SPDX-License-Identifier: Apache-2.0
//
// By the C core's pn_data_t, which is what proton-cpp's encoder and message stand on: its encoder
// does not say when a list or map found no room, and its message cuts text at a NUL.

#include <proton/codec.h>
#include <proton/error.h>

#include <cstring>
#include <vector>

#include "Firewall.hpp"
#include "cshim_encoder.h"

using namespace cshim;

namespace {

/// A value that holds others and is not finished.
struct Open {
    pn_type_t type;
    size_t value_count;
};

constexpr Result too_many{CSHIM_STATUS_INVALID_ARGUMENT, "there are more than 65535 values"};
constexpr Result unfinished{CSHIM_STATUS_INVALID_STATE, "a value is not finished"};

}  // namespace

struct cshim_encoder {
    pn_data_t *const data = pn_data(0);
    std::vector<Open> open;

    ~cshim_encoder() { pn_data_free(data); }
};

namespace {

/// Runs `put`, which adds one value and returns proton's status.
template <typename Put>
Result add(cshim_encoder_t *encoder, Put &&put) {
    if (!encoder) return null_argument;
    if (pn_data_size(encoder->data) >= CSHIM_ENCODER_VALUE_COUNT_MAX) return too_many;
    if (put(encoder->data) != 0) throw std::bad_alloc();
    if (!encoder->open.empty()) encoder->open.back().value_count += 1;
    return ok;
}

using PutBytes = int (*)(pn_data_t *, pn_bytes_t);

Result add_bytes(cshim_encoder_t *encoder, const uint8_t *bytes, size_t size_bytes, PutBytes put) {
    if (!bytes && size_bytes > 0) return null_argument;
    const char *const start = bytes ? reinterpret_cast<const char *>(bytes) : "";
    return add(encoder, [&](pn_data_t *data) { return put(data, pn_bytes(size_bytes, start)); });
}

/// Adds a value that holds others, and goes into it.
Result start(cshim_encoder_t *encoder, pn_type_t type, int (*put)(pn_data_t *)) {
    // Room first, so that nothing throws between the two.
    if (encoder) encoder->open.reserve(encoder->open.size() + 1);
    const Result result = add(encoder, put);
    if (result.status != CSHIM_STATUS_OK) return result;
    encoder->open.push_back({type, 0});
    pn_data_enter(encoder->data);
    return ok;
}

}  // namespace

cshim_status_t cshim_encoder_new(cshim_encoder_t **encoder_out, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!encoder_out) return null_argument;
        *encoder_out = new cshim_encoder;
        return ok;
    });
}

cshim_status_t cshim_encoder_put_null(cshim_encoder_t *encoder, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] { return add(encoder, pn_data_put_null); });
}

cshim_status_t cshim_encoder_put_bool(cshim_encoder_t *encoder, bool value,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_bool(data, value); });
    });
}

cshim_status_t cshim_encoder_put_ubyte(cshim_encoder_t *encoder, uint8_t value,
                                       cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_ubyte(data, value); });
    });
}

cshim_status_t cshim_encoder_put_uint(cshim_encoder_t *encoder, uint32_t value,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_uint(data, value); });
    });
}

cshim_status_t cshim_encoder_put_ulong(cshim_encoder_t *encoder, uint64_t value,
                                       cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_ulong(data, value); });
    });
}

cshim_status_t cshim_encoder_put_int(cshim_encoder_t *encoder, int32_t value,
                                     cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_int(data, value); });
    });
}

cshim_status_t cshim_encoder_put_long(cshim_encoder_t *encoder, int64_t value,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_long(data, value); });
    });
}

cshim_status_t cshim_encoder_put_double(cshim_encoder_t *encoder, double value,
                                        cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_double(data, value); });
    });
}

cshim_status_t cshim_encoder_put_timestamp(cshim_encoder_t *encoder, int64_t value,
                                           cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] {
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_timestamp(data, value); });
    });
}

cshim_status_t cshim_encoder_put_uuid(cshim_encoder_t *encoder, const uint8_t *bytes,
                                      cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!bytes) return null_argument;
        pn_uuid_t uuid;
        std::memcpy(uuid.bytes, bytes, sizeof uuid.bytes);
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_uuid(data, uuid); });
    });
}

cshim_status_t cshim_encoder_put_binary(cshim_encoder_t *encoder, const uint8_t *bytes,
                                        size_t size_bytes, cshim_error_t *error_out) noexcept {
    return guarded(error_out,
                   [&] { return add_bytes(encoder, bytes, size_bytes, pn_data_put_binary); });
}

cshim_status_t cshim_encoder_put_string(cshim_encoder_t *encoder, const uint8_t *bytes,
                                        size_t size_bytes, cshim_error_t *error_out) noexcept {
    return guarded(error_out,
                   [&] { return add_bytes(encoder, bytes, size_bytes, pn_data_put_string); });
}

cshim_status_t cshim_encoder_put_symbol(cshim_encoder_t *encoder, const uint8_t *bytes,
                                        size_t size_bytes, cshim_error_t *error_out) noexcept {
    return guarded(error_out,
                   [&] { return add_bytes(encoder, bytes, size_bytes, pn_data_put_symbol); });
}

cshim_status_t cshim_encoder_start_list(cshim_encoder_t *encoder,
                                        cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] { return start(encoder, PN_LIST, pn_data_put_list); });
}

cshim_status_t cshim_encoder_start_map(cshim_encoder_t *encoder,
                                       cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&] { return start(encoder, PN_MAP, pn_data_put_map); });
}

cshim_status_t cshim_encoder_start_described(cshim_encoder_t *encoder, uint64_t descriptor,
                                             cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        const Result result = start(encoder, PN_DESCRIBED, pn_data_put_described);
        if (result.status != CSHIM_STATUS_OK) return result;
        return add(encoder, [&](pn_data_t *data) { return pn_data_put_ulong(data, descriptor); });
    });
}

cshim_status_t cshim_encoder_finish(cshim_encoder_t *encoder, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!encoder) return null_argument;
        if (encoder->open.empty()) return {CSHIM_STATUS_INVALID_STATE, "nothing was begun"};
        const Open last = encoder->open.back();
        const bool is_whole = last.type == PN_MAP         ? last.value_count % 2 == 0
                              : last.type == PN_DESCRIBED ? last.value_count == 2
                                                          : true;
        if (!is_whole) return unfinished;
        encoder->open.pop_back();
        pn_data_exit(encoder->data);
        return ok;
    });
}

cshim_status_t cshim_encoder_encode(cshim_encoder_t *encoder, uint8_t *buffer,
                                    size_t capacity_bytes, size_t *size_out,
                                    cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!encoder || !size_out || (!buffer && capacity_bytes > 0)) return null_argument;
        if (!encoder->open.empty()) return unfinished;
        const ssize_t size = pn_data_encoded_size(encoder->data);
        if (size < 0) throw proton::error("proton can't encode the values");
        *size_out = static_cast<size_t>(size);
        if (*size_out > capacity_bytes) {
            return {CSHIM_STATUS_BUFFER_TOO_SMALL, "the buffer is too small"};
        }
        if (size == 0) return ok;
        if (pn_data_encode(encoder->data, reinterpret_cast<char *>(buffer), *size_out) != size) {
            throw proton::error("proton can't encode the values");
        }
        return ok;
    });
}

void cshim_encoder_free(cshim_encoder_t *encoder) noexcept {
    delete encoder;
}
