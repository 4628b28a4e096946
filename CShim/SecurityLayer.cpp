// The client's end of SASL, and the security layer behind it (§5.3).
// SPDX-License-Identifier: Apache-2.0

#include "SecurityLayer.hpp"

#include <proton/sasl.h>
#include <proton/sasl_plugin.h>
#include <proton/transport.h>
#include <openssl/crypto.h>

#include <cstring>
#include <limits>
#include <utility>

#include "Objects.hpp"

namespace cshim {

namespace {

constexpr uint8_t sasl_mechanisms = 0x40;
constexpr uint8_t sasl_init = 0x41;
constexpr uint8_t sasl_outcome = 0x44;

SecurityLayer &layer_of(pn_transport_t *transport) noexcept {
    return *static_cast<SecurityLayer *>(pnx_sasl_get_context(transport));
}

std::string_view view(const pn_bytes_t &bytes) noexcept {
    return {bytes.start, bytes.size};
}

void free_layer(pn_transport_t *transport) {
    delete &layer_of(transport);
}

/// We are never a server.
const char *list_mechanisms(pn_transport_t *) {
    return "";
}
bool init_server(pn_transport_t *) {
    return false;
}
void process_init(pn_transport_t *, const char *, const pn_bytes_t *) {}
void process_response(pn_transport_t *, const pn_bytes_t *) {}

bool init_client(pn_transport_t *) {
    return true;
}

void prepare_write(pn_transport_t *transport) {
    layer_of(transport).note_write();
}

bool process_mechanisms(pn_transport_t *transport, const char *mechanisms) {
    layer_of(transport).note_frame();
    try {
        return layer_of(transport).choose(transport, mechanisms);
    } catch (...) {
        return false;
    }
}

/// No mechanism of ours has a challenge. It is not answered: the limit on the open ends the wait.
void process_challenge(pn_transport_t *transport, const pn_bytes_t *) {
    layer_of(transport).note_frame();
}

void process_outcome(pn_transport_t *transport, const pn_bytes_t *) {
    layer_of(transport).note_frame();
    try {
        layer_of(transport).handle_outcome(transport);
    } catch (...) {
        // Out of memory: the frame is missing from the trace.
    }
}

bool can_encrypt(pn_transport_t *) {
    return true;
}
ssize_t max_encrypt_size(pn_transport_t *) {
    return std::numeric_limits<ssize_t>::max();
}

ssize_t encode(pn_transport_t *transport, pn_bytes_t in, pn_bytes_t *out) {
    try {
        layer_of(transport).trace_outgoing(view(in));
    } catch (...) {
        // Out of memory: the frame is missing from the trace.
    }
    *out = in;
    return static_cast<ssize_t>(in.size);
}

ssize_t decode(pn_transport_t *transport, pn_bytes_t in, pn_bytes_t *out) {
    try {
        const std::string_view passed = layer_of(transport).take(view(in));
        *out = pn_bytes(passed.size(), passed.data());
        return static_cast<ssize_t>(passed.size());
    } catch (...) {
        // Out of memory: input is lost, and with it the connection.
        return PN_EOS;
    }
}

constexpr pnx_sasl_implementation implementation{
    free_layer,
    list_mechanisms,
    init_server,
    init_client,
    prepare_write,
    process_init,
    process_response,
    process_mechanisms,
    process_challenge,
    process_outcome,
    can_encrypt,
    max_encrypt_size,
    encode,
    decode,
};

/// Whether a word is in a list that is separated by spaces.
bool has_word(std::string_view list, std::string_view word) noexcept {
    while (!list.empty()) {
        const size_t end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == word) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

std::string text_or(const char *text, const char *otherwise) {
    return text ? text : otherwise;
}

}  // namespace

SecurityLayer *SecurityLayer::install(pn_transport_t *transport, cshim_connection &connection,
                                      uint32_t frame_size) {
    auto *const layer = new SecurityLayer(connection, frame_size);
    pn_sasl(transport);
    pnx_sasl_set_implementation(transport, &implementation, layer);
    return layer;
}

SecurityLayer::SecurityLayer(cshim_connection &connection, uint32_t frame_size)
    : connection_(&connection),
      is_traced_(connection.is_traced),
      inspector_(frame_size),
      incoming_(frame_size),
      outgoing_(std::numeric_limits<uint32_t>::max()) {}

bool SecurityLayer::choose(pn_transport_t *transport, const char *mechanisms) {
    trace_sasl(true, sasl_mechanisms, mechanisms);
    if (is_mechanism_chosen_) {
        fail(transport, "a second list of SASL mechanisms");
        return false;
    }
    const char *const user = pnx_sasl_get_username(transport);
    const char *const password = pnx_sasl_get_password(transport);
    const std::string other_user = text_or(pnx_sasl_get_authorization(transport), "");
    const bool is_plain_allowed = pnx_sasl_is_transport_encrypted(transport) ||
                                  pnx_sasl_get_allow_insecure_mechanisms(transport);
    if (has_word(mechanisms, "EXTERNAL")) {
        begin(transport, "EXTERNAL", other_user);
    } else if (has_word(mechanisms, "PLAIN") && is_plain_allowed && user && password) {
        // Without growing: the memory that a string leaves behind would not be wiped.
        std::string response;
        response.reserve(other_user.size() + std::strlen(user) + std::strlen(password) + 2);
        response.append(other_user).append(1, '\0').append(user).append(1, '\0').append(password);
        begin(transport, "PLAIN", std::move(response));
        pnx_sasl_clear_password(transport);
    } else if (has_word(mechanisms, "ANONYMOUS")) {
        begin(transport, "ANONYMOUS", text_or(user, "anonymous"));
    } else {
        return false;
    }
    return true;
}

void SecurityLayer::begin(pn_transport_t *transport, const char *mechanism, std::string response) {
    trace_sasl(false, sasl_init, mechanism);
    response_ = std::move(response);
    is_mechanism_chosen_ = true;
    pnx_sasl_set_selected_mechanism(transport, mechanism);
    pnx_sasl_set_bytes_out(transport, pn_bytes(response_.size(), response_.data()));
    pnx_sasl_set_desired_state(transport, SASL_POSTED_INIT);
}

void SecurityLayer::wipe() noexcept {
    OPENSSL_cleanse(response_.data(), response_.size());
}

void SecurityLayer::handle_outcome(pn_transport_t *transport) {
    wipe();
    const char outcome = static_cast<char>(pn_sasl_outcome(pn_sasl(transport)));
    trace_sasl(true, sasl_outcome, {&outcome, 1});
    // The rest of this read would bypass the inspector.
    if (!is_init_written_) return fail(transport, "an outcome of SASL before the init");
    // Proton accepts AMQP frames within SASL. Those have bypassed the inspector.
    if (pn_transport_get_frames_input(transport) != frame_count_) {
        fail(transport, "a frame of AMQP within SASL");
    }
}

void SecurityLayer::fail(pn_transport_t *transport, const char *description) {
    const std::string words = std::string("the peer breaks the protocol: ") + description;
    pnx_sasl_error(transport, words.c_str(), "amqp:connection:framing-error");
    pnx_sasl_set_failed(transport);
}

std::string_view SecurityLayer::take(std::string_view bytes) {
    if (is_broken_ || !connection_) return {};
    if (is_traced_) trace_all(incoming_, bytes, true);
    if (!inspector_.take(bytes)) {
        is_broken_ = true;
        connection_->wake();
    }
    return inspector_.passed();
}

void SecurityLayer::trace_outgoing(std::string_view bytes) {
    if (is_traced_ && connection_) trace_all(outgoing_, bytes, false);
}

void SecurityLayer::trace_all(FrameStream &stream, std::string_view bytes, bool is_incoming) {
    stream.add(bytes);
    Frame frame{};
    while (true) {
        switch (stream.next(frame)) {
        case FrameStream::Step::frame: connection_->trace(is_incoming, frame); break;
        case FrameStream::Step::header: break;
        default: return;
        }
    }
}

void SecurityLayer::trace_sasl(bool is_incoming, uint8_t performative, std::string_view field) {
    if (!is_traced_ || !connection_) return;
    // The frame as it was, without the credentials.
    std::string body;
    body += {static_cast<char>(code_described), static_cast<char>(code_small_ulong),
             static_cast<char>(performative), static_cast<char>(code_list32)};
    std::string value;
    if (performative == sasl_outcome) {
        value = std::string("\x50") + std::string(field);
    } else {
        value += static_cast<char>(code_symbol32);
        append_number(value, field.size(), 4);
        value.append(field);
    }
    append_number(body, value.size() + 4, 4);
    append_number(body, 1, 4);
    constexpr uint8_t type_sasl = 1;
    connection_->trace(is_incoming, {type_sasl, 0, body += value});
}

}  // namespace cshim
