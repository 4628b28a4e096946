// Descriptions of peers and targets.
// SPDX-License-Identifier: Apache-2.0

#include <proton/codec.h>
#include <proton/terminus.h>
#include <proton/transport.h>

#include <string>

#include "Objects.hpp"

using namespace cshim;

cshim_condition_t cshim::condition_of(pn_condition_t *condition) noexcept {
    static thread_local char info_bytes[4096];
    if (!condition) return {"", "", nullptr, 0};
    const char *const name = pn_condition_get_name(condition);
    const char *const description = pn_condition_get_description(condition);
    pn_data_t *const info = pn_condition_info(condition);
    const ssize_t size =
        pn_data_size(info) > 0 ? pn_data_encode(info, info_bytes, sizeof info_bytes) : 0;
    return {name ? name : "", description ? description : "",
            size > 0 ? reinterpret_cast<const uint8_t *>(info_bytes) : nullptr,
            size > 0 ? static_cast<size_t>(size) : 0};
}

namespace {

/// Limits on what is passed on: a peer may fill a whole frame.
constexpr int detail_count_max = 64;
constexpr size_t text_size_max = 4096;

/// Passes details to the visitor, as strings that end in a NUL.
class Visitor {
public:
    Visitor(cshim_detail_visitor_t visit, void *context) noexcept
        : visit_(visit), context_(context) {}

    void visit(cshim_detail_t detail, const std::string &key, const std::string &value) {
        if (count_ == detail_count_max) return;
        count_ += 1;
        visit_(context_, detail, key.c_str(), value.c_str());
    }

private:
    cshim_detail_visitor_t visit_;
    void *context_;
    int count_ = 0;
};

std::string text_of(pn_bytes_t bytes) {
    if (!bytes.start) return {};
    return {bytes.start, bytes.size < text_size_max ? bytes.size : text_size_max};
}

/// Writes a string, number or boolean as text; returns false for any other value.
bool get_text(pn_data_t *data, std::string &text) {
    switch (pn_data_type(data)) {
    case PN_STRING: text = text_of(pn_data_get_string(data)); return true;
    case PN_SYMBOL: text = text_of(pn_data_get_symbol(data)); return true;
    case PN_BOOL: text = pn_data_get_bool(data) ? "true" : "false"; return true;
    case PN_UBYTE: text = std::to_string(pn_data_get_ubyte(data)); return true;
    case PN_BYTE: text = std::to_string(pn_data_get_byte(data)); return true;
    case PN_USHORT: text = std::to_string(pn_data_get_ushort(data)); return true;
    case PN_SHORT: text = std::to_string(pn_data_get_short(data)); return true;
    case PN_UINT: text = std::to_string(pn_data_get_uint(data)); return true;
    case PN_INT: text = std::to_string(pn_data_get_int(data)); return true;
    case PN_ULONG: text = std::to_string(pn_data_get_ulong(data)); return true;
    case PN_LONG: text = std::to_string(pn_data_get_long(data)); return true;
    default: return false;
    }
}

/// Visits one symbol, or all of an array of them (§1.4: "multiple").
void visit_symbols(pn_data_t *data, cshim_detail_t detail, Visitor &visitor) {
    pn_data_rewind(data);
    if (!pn_data_next(data)) return;
    const bool is_array = pn_data_type(data) == PN_ARRAY;
    if (is_array && !(pn_data_enter(data) && pn_data_next(data))) return;
    do {
        std::string text;
        if (get_text(data, text)) visitor.visit(detail, "", text);
    } while (is_array && pn_data_next(data));
}

/// Visits the entries of a map whose values are strings, numbers or booleans.
void visit_map(pn_data_t *data, cshim_detail_t detail, Visitor &visitor) {
    pn_data_rewind(data);
    if (!pn_data_next(data) || pn_data_type(data) != PN_MAP || !pn_data_enter(data)) return;
    while (pn_data_next(data)) {
        std::string key;
        std::string value;
        const bool has_key = get_text(data, key);
        if (!pn_data_next(data)) return;
        if (has_key && get_text(data, value)) visitor.visit(detail, key, value);
    }
}

}  // namespace

cshim_status_t cshim_connection_describe_peer(cshim_connection_t *connection,
                                              cshim_detail_visitor_t visit, void *context,
                                              cshim_peer_limits_t *limits_out,
                                              cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!connection || !visit || !limits_out) return null_argument;
        if (!connection->connection) return {CSHIM_STATUS_NOT_CONNECTED, "the connection is gone"};
        if (!connection->container->is_on_loop()) return wrong_thread;
        pn_connection_t *const pn_connection = connection->connection;
        pn_transport_t *const transport = pn_connection_transport(pn_connection);
        if (!transport || (pn_connection_state(pn_connection) & PN_REMOTE_UNINIT)) {
            return {CSHIM_STATUS_INVALID_STATE, "the peer has not opened the connection"};
        }
        *limits_out = {pn_transport_get_remote_max_frame(transport),
                       pn_transport_get_remote_idle_timeout(transport)};
        Visitor visitor(visit, context);
        visit_symbols(pn_connection_remote_offered_capabilities(pn_connection),
                      CSHIM_DETAIL_CAPABILITY, visitor);
        visit_map(pn_connection_remote_properties(pn_connection), CSHIM_DETAIL_PROPERTY, visitor);
        return ok;
    });
}

cshim_status_t cshim_sender_describe_target(cshim_sender_t *sender, cshim_detail_visitor_t visit,
                                            void *context, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!sender || !visit) return null_argument;
        if (!sender->link) return {CSHIM_STATUS_NOT_CONNECTED, "the link is gone"};
        if (!sender->session->connection->container->is_on_loop()) return wrong_thread;
        if (!sender->is_answered) {
            return {CSHIM_STATUS_INVALID_STATE, "the peer has not attached the link"};
        }
        pn_terminus_t *const target = pn_link_remote_target(sender->link);
        Visitor visitor(visit, context);
        const char *const address = pn_terminus_get_address(target);
        if (address) visitor.visit(CSHIM_DETAIL_ADDRESS, "", address);
        visit_symbols(pn_terminus_capabilities(target), CSHIM_DETAIL_CAPABILITY, visitor);
        return ok;
    });
}
