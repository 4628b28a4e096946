// Looks at every frame of the peer before proton does.
// SPDX-License-Identifier: Apache-2.0
//
// Proton decodes what is missing or of another type as 0, asserts on some frames that the
// specification forbids, and drops what it has no use for itself. What passes here is well formed,
// of the types that the specification gives it, and on a channel and handle that are in use.

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

/// Why a connection is ended.
struct Fault {
    const char *name;
    std::string description;
};

class Inspector {
public:
    explicit Inspector(uint32_t frame_size_max) : stream_(frame_size_max) {}

    /// Takes what came from the peer. What proton may see of it is in `passed` then; false: what
    /// follows that breaks the protocol, for the reason in `fault`, and nothing more may pass.
    bool take(std::string_view bytes);
    const std::string &passed() const noexcept { return passed_; }
    const Fault &fault() const noexcept { return fault_; }
    /// Whether a frame has begun to come, and not ended.
    bool is_within_frame() const noexcept { return !stream_.rest().empty(); }

    /// An answer to a begin of ours.
    struct Answer {
        /// Our channel.
        uint16_t channel;
        uint32_t handle_max;
    };
    /// Takes the next of them, in the order in which they came.
    Answer take_answer() noexcept;
    /// Our end is asked for on this channel, which is free for another begin once it is written:
    /// the peer may answer that one first.
    void note_end(uint16_t channel) noexcept;

    /// The symbol behind a number that stands for it, as proton reports it; empty for any other.
    const char *symbol_behind(uint64_t number) const noexcept;
    /// Whether the peer's open came by here.
    bool is_open() const noexcept { return is_open_; }

private:
    /// A session, on the peer's channel.
    struct Session {
        /// Our channel, when its begin answered ours.
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
    /// The bytes are no protocol of ours, which proton says best.
    bool is_foreign_ = false;
    std::map<uint16_t, Session> sessions_;
    std::deque<Answer> answers_;
    std::vector<std::string> symbols_;
    std::vector<Value> fields_;
};

}  // namespace cshim

#endif
