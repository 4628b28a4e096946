// Splits a stream of bytes into frames (§2.3).
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_FRAME_STREAM_HPP
#define CSHIM_FRAME_STREAM_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace cshim {

struct Frame {
    static constexpr size_t head_size = 8;
    static constexpr uint8_t type_amqp = 0;

    uint8_t type;
    uint16_t channel;
    /// The performative and what follows it; empty in a heartbeat.
    std::string_view body;
};

/// It skips the protocol header.
class FrameStream {
public:
    enum class Step { frame, header, more, malformed };

    explicit FrameStream(uint32_t frame_size_max) noexcept : frame_size_max_(frame_size_max) {}

    /// Adds input, which must stay valid until `next` has returned `more`.
    void add(std::string_view bytes);
    /// Takes the next frame, which is valid until the next `add`. After `malformed` nothing else
    /// follows.
    Step next(Frame &frame);

    /// Whether the protocol header was taken.
    bool is_begun() const noexcept { return is_header_read_; }
    /// The bytes of the last frame or header.
    std::string_view taken() const noexcept { return taken_; }
    /// Input that was not taken yet.
    std::string_view rest() const noexcept { return rest_; }

private:
    Step keep();

    const uint32_t frame_size_max_;
    bool is_header_read_ = false;
    /// The beginning of a frame whose rest has not come.
    std::string kept_;
    std::string_view rest_;
    std::string_view taken_;
};

}  // namespace cshim

#endif
