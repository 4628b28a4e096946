// The client's end of SASL, and the security layer behind it (§5.3).
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_SECURITY_LAYER_HPP
#define CSHIM_SECURITY_LAYER_HPP

#include <proton/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "Inspector.hpp"
#include "cshim.h"

struct cshim_connection;

namespace cshim {

/// Owned by proton's transport. It encrypts nothing: it inspects the peer's frames before proton
/// acts on them.
class SecurityLayer {
public:
    /// Makes the layer of a transport that has not begun.
    static SecurityLayer *install(pn_transport_t *transport, cshim_connection &connection,
                                  uint32_t frame_size);

    ~SecurityLayer() { wipe(); }
    SecurityLayer(const SecurityLayer &) = delete;
    SecurityLayer &operator=(const SecurityLayer &) = delete;

    /// Detaches the layer from its connection, which is gone: further input is dropped.
    void disown() noexcept { connection_ = nullptr; }
    /// The reason to end the connection.
    const Fault *fault() const noexcept { return is_broken_ ? &inspector_.fault() : nullptr; }
    /// Whether a part of a frame has come.
    bool is_within_frame() const noexcept { return inspector_.is_within_frame(); }
    Inspector &inspector() noexcept { return inspector_; }

    /// Asks the caller for a mechanism of the peer's list, which is separated by spaces. Returns
    /// whether one was begun.
    bool handle_mechanisms(pn_transport_t *transport, std::string_view mechanisms);
    void handle_challenge(pn_transport_t *transport, std::string_view challenge);
    void handle_outcome(pn_transport_t *transport, std::string_view additional_data);
    /// Our part of SASL was written, as far as it goes.
    void note_write() noexcept { is_written_ = is_mechanism_chosen_; }
    /// Counts an incoming SASL frame.
    void note_frame() noexcept { frame_count_ += 1; }

    // The caller's answers.
    void begin(pn_transport_t *transport, const char *mechanism, std::string_view response);
    void respond(pn_transport_t *transport, std::string_view response);
    /// Makes the login fail, whatever the peer answers.
    void fail(pn_transport_t *transport, const char *condition, const char *description);

    /// The part of this input that proton may read.
    std::string_view take(std::string_view bytes);
    void trace_outgoing(std::string_view bytes);

private:
    SecurityLayer(cshim_connection &connection, uint32_t frame_size);

    /// Has the caller answer a step. Returns whether a mechanism was begun.
    bool ask(pn_transport_t *transport, cshim_login_step_t step, std::string_view bytes) noexcept;
    void post(pn_transport_t *transport, std::string_view response);
    void wipe() noexcept;
    void fail_broken(pn_transport_t *transport, const char *description);
    void trace_all(FrameStream &stream, std::string_view bytes, bool is_incoming);
    void trace_sasl(bool is_incoming, uint8_t performative, std::string_view field);

    cshim_connection *connection_;
    const bool is_traced_;
    Inspector inspector_;
    /// For the trace.
    FrameStream incoming_;
    FrameStream outgoing_;
    /// The caller's proof of the user; wiped once it was sent.
    std::string response_;
    /// Incoming SASL frames.
    uint64_t frame_count_ = 0;
    bool is_mechanism_chosen_ = false;
    /// A challenge was answered.
    bool is_responding_ = false;
    /// The last answer was written.
    bool is_written_ = false;
    bool is_broken_ = false;
};

}  // namespace cshim

#endif
