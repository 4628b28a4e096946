// A line of proton's frame log.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_FRAME_LINE_HPP
#define CSHIM_FRAME_LINE_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cshim {

/// A described list as proton writes it: "@begin(17) [remote-channel=0x0, ...]" with the fields that are
/// there, or "@0x11[0x0, ...]" with all in order, where it does not know the descriptor or its encoding.
class ListText {
public:
    /// nullopt when the text begins with no described list.
    static std::optional<ListText> parse(std::string_view text);

    /// Whether this is the descriptor, by its number and by the name that proton has for it.
    bool is(unsigned number, std::string_view name) const;
    /// The symbol of a symbolic descriptor; empty for any other.
    std::string symbol() const;
    /// A field; empty when it is not there or null.
    std::string_view field(size_t index, std::string_view name) const;

private:
    std::string_view descriptor_;
    std::string_view content_;
};

/// Who sent a frame, on which channel, and its performative.
struct FrameLine {
    bool is_incoming;
    unsigned channel;
    ListText performative;

    static std::optional<FrameLine> parse(std::string_view line);
};

std::optional<uint64_t> number_of(std::string_view text);
/// The text of a symbol or string.
std::string text_of(std::string_view quoted);

}  // namespace cshim

#endif
