// Checks every frame of the peer before proton reads it.
// SPDX-License-Identifier: Apache-2.0
//
// Proton decodes a missing field, or one of another type, as 0, asserts on some frames that the
// specification forbids, and drops fields that it does not use. A frame that passes is well formed,
// has the types of the specification, and is on a channel and handle in use.

#ifndef CSHIM_INSPECTOR_HPP
#define CSHIM_INSPECTOR_HPP

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "FrameStream.hpp"
#include "Value.hpp"

namespace cshim {

/// The reason to end a connection.
struct Fault {
    const char *name;
    std::string description;
};

class Inspector {
public:
    explicit Inspector(uint32_t frame_size_max) : stream_(frame_size_max) {}

    /// Takes input of the peer. `passed` is then the part that proton may read. Returns false if
    /// the next frame breaks the protocol, for the reason in `fault`; nothing more may pass then.
    bool take(std::string_view bytes);
    const std::string &passed() const noexcept { return passed_; }
    const Fault &fault() const noexcept { return fault_; }
    /// Whether a part of a frame has come.
    bool is_within_frame() const noexcept { return !stream_.rest().empty(); }

    /// The peer's answer to a begin.
    struct Answer {
        /// Our channel.
        uint16_t channel;
        uint32_t handle_max;
    };
    /// Takes the next answer, in their order.
    Answer take_answer() noexcept;
    /// Notes that our end is due on this channel. The channel is free for another begin once the
    /// end is written, and the peer may answer that begin first.
    void note_end(uint16_t channel) noexcept;

    /// The symbol that a number stands for, as proton reports it; empty for other numbers.
    const char *symbol_behind(uint64_t number) const noexcept;
    /// Whether the peer's open has passed.
    bool is_open() const noexcept { return is_open_; }

private:
    /// A session, on the peer's channel.
    struct Session {
        /// Our channel, if the peer's begin answered ours.
        std::optional<uint16_t> answered;
        /// The attached links by handle: role and name.
        std::map<uint32_t, std::string> links;
        std::set<std::string> names;
    };

    bool fail(const char *name, std::string description);
    bool look_at(const Frame &frame);
    bool look_at_body(uint16_t channel, std::string_view body);
    bool look_at_session(uint64_t performative, uint16_t channel, const std::vector<Value> &fields);
    bool look_at_attach(Session &session, const std::vector<Value> &fields);
    bool look_at_begin(uint16_t channel, const std::vector<Value> &fields);
    uint64_t number_for(std::string_view symbol);

    FrameStream stream_;
    std::string passed_;
    Fault fault_{"", ""};
    bool is_open_ = false;
    /// The input is not AMQP: proton reports the error.
    bool is_foreign_ = false;
    std::map<uint16_t, Session> sessions_;
    std::deque<Answer> answers_;
    std::vector<std::string> symbols_;
    std::vector<Value> fields_;
};

}  // namespace cshim

#endif
