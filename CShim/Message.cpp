// One message, encoded by proton's codec.
// SPDX-License-Identifier: Apache-2.0

#include <proton/codec/encoder.hpp>
#include <proton/map.hpp>
#include <proton/message.hpp>
#include <proton/message_id.hpp>
#include <proton/scalar.hpp>
#include <proton/value.hpp>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "Firewall.hpp"

using namespace cshim;

struct cshim_message {
    proton::message message;
    std::vector<std::pair<std::string, uint64_t>> body;
};

cshim_status_t cshim_message_new(cshim_message_t **message_out, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!message_out) return null_argument;
        *message_out = new cshim_message;
        return ok;
    });
}

cshim_status_t cshim_message_set_durable(cshim_message_t *message, bool is_durable,
                                         cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!message) return null_argument;
        message->message.durable(is_durable);
        return ok;
    });
}

cshim_status_t cshim_message_set_id_ulong(cshim_message_t *message, uint64_t message_id,
                                          cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!message) return null_argument;
        message->message.id(message_id);
        return ok;
    });
}

cshim_status_t cshim_message_add_property_string(cshim_message_t *message, const char *key,
                                                 const char *value,
                                                 cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!message || !key || !value) return null_argument;
        message->message.properties().put(key, std::string(value));
        return ok;
    });
}

cshim_status_t cshim_message_add_body_ulong(cshim_message_t *message, const char *key,
                                            uint64_t value, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!message || !key) return null_argument;
        message->body.emplace_back(key, value);
        return ok;
    });
}

cshim_status_t cshim_message_encode(cshim_message_t *message, uint8_t *buffer,
                                    size_t capacity_bytes, size_t *size_out,
                                    cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!message || !size_out || (!buffer && capacity_bytes > 0)) return null_argument;
        // Not a std::map: the order is the caller's.
        proton::value body;
        proton::codec::encoder encoder(body);
        encoder << proton::codec::start::map();
        for (const auto &[key, value] : message->body) encoder << key << value;
        encoder << proton::codec::finish();
        message->message.body(body);
        const std::vector<char> bytes = message->message.encode();
        *size_out = bytes.size();
        if (bytes.size() > capacity_bytes) {
            return {CSHIM_STATUS_BUFFER_TOO_SMALL, "the buffer is too small"};
        }
        std::memcpy(buffer, bytes.data(), bytes.size());
        return ok;
    });
}

void cshim_message_free(cshim_message_t *message) noexcept {
    delete message;
}
