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

#include "Login.hpp"
#include "Objects.hpp"

namespace cshim {

namespace {

constexpr uint8_t sasl_mechanisms = 0x40;
constexpr uint8_t sasl_init = 0x41;
constexpr uint8_t sasl_challenge = 0x42;
constexpr uint8_t sasl_response = 0x43;
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
        return layer_of(transport).handle_mechanisms(transport, mechanisms);
    } catch (...) {
        return false;
    }
}

void process_challenge(pn_transport_t *transport, const pn_bytes_t *challenge) {
    layer_of(transport).note_frame();
    try {
        layer_of(transport).handle_challenge(transport, view(*challenge));
    } catch (...) {
        // Out of memory: the limit on the open ends the wait.
    }
}

void process_outcome(pn_transport_t *transport, const pn_bytes_t *additional_data) {
    layer_of(transport).note_frame();
    try {
        layer_of(transport).handle_outcome(transport, view(*additional_data));
    } catch (...) {
        // Out of memory. What was not checked is no success.
        pnx_sasl_set_failed(transport);
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

bool SecurityLayer::handle_mechanisms(pn_transport_t *transport, std::string_view mechanisms) {
    trace_sasl(true, sasl_mechanisms, mechanisms);
    if (is_mechanism_chosen_) {
        fail_broken(transport, "a second list of SASL mechanisms");
        return false;
    }
    return ask(transport, CSHIM_LOGIN_OFFERED, mechanisms);
}

void SecurityLayer::handle_challenge(pn_transport_t *transport, std::string_view challenge) {
    trace_sasl(true, sasl_challenge, {});
    // Our answer would take the place of the one that is not written yet.
    if (!is_written_) return fail_broken(transport, "a challenge of SASL before the response");
    ask(transport, CSHIM_LOGIN_CHALLENGED, challenge);
}

void SecurityLayer::handle_outcome(pn_transport_t *transport, std::string_view additional_data) {
    wipe();
    const char outcome = static_cast<char>(pn_sasl_outcome(pn_sasl(transport)));
    trace_sasl(true, sasl_outcome, {&outcome, 1});
    // The rest of this read would bypass the inspector.
    if (!is_written_) {
        return fail_broken(transport, is_responding_ ? "an outcome of SASL before the response"
                                                     : "an outcome of SASL before the init");
    }
    // Proton accepts AMQP frames within SASL. Those have bypassed the inspector.
    if (pn_transport_get_frames_input(transport) != frame_count_) {
        return fail_broken(transport, "a frame of AMQP within SASL");
    }
    if (outcome == PN_SASL_OK) ask(transport, CSHIM_LOGIN_ADMITTED, additional_data);
}

bool SecurityLayer::ask(pn_transport_t *transport, cshim_login_step_t step,
                        std::string_view bytes) noexcept {
    // The end of the connection is on its way.
    if (!connection_ || !connection_->is_owned) return false;
    cshim_login login{*this, transport, step};
    const cshim_callbacks_t &callbacks = connection_->container->callbacks;
    callbacks.login_stepped(callbacks.context, connection_->id, step,
                            reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), &login);
    return login.is_begun;
}

void SecurityLayer::begin(pn_transport_t *transport, const char *mechanism,
                          std::string_view response) {
    trace_sasl(false, sasl_init, mechanism);
    is_mechanism_chosen_ = true;
    pnx_sasl_set_selected_mechanism(transport, mechanism);
    post(transport, response);
    pnx_sasl_set_desired_state(transport, SASL_POSTED_INIT);
}

void SecurityLayer::respond(pn_transport_t *transport, std::string_view response) {
    trace_sasl(false, sasl_response, {});
    is_responding_ = true;
    post(transport, response);
    pnx_sasl_set_desired_state(transport, SASL_POSTED_RESPONSE);
}

void SecurityLayer::post(pn_transport_t *transport, std::string_view response) {
    wipe();
    // A new string, whose memory is wiped as a whole.
    response_ = std::string(response);
    is_written_ = false;
    pnx_sasl_set_bytes_out(transport, pn_bytes(response_.size(), response_.data()));
}

void SecurityLayer::wipe() noexcept {
    OPENSSL_cleanse(response_.data(), response_.size());
}

void SecurityLayer::fail_broken(pn_transport_t *transport, const char *description) {
    const std::string words = std::string("the peer breaks the protocol: ") + description;
    fail(transport, "amqp:connection:framing-error", words.c_str());
}

void SecurityLayer::fail(pn_transport_t *transport, const char *condition,
                         const char *description) {
    // Proton adds its own words for a failed login, when it ends the connection in this state.
    pnx_sasl_error(transport, description, condition);
    pnx_sasl_set_failed(transport);
    pnx_sasl_set_desired_state(transport, SASL_RECVED_FAILURE);
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
    } else if (!field.empty()) {
        value += static_cast<char>(code_symbol32);
        append_number(value, field.size(), 4);
        value.append(field);
    }
    append_number(body, value.size() + 4, 4);
    append_number(body, value.empty() ? 0 : 1, 4);
    constexpr uint8_t type_sasl = 1;
    connection_->trace(is_incoming, {type_sasl, 0, body += value});
}

}  // namespace cshim
