// Splits a stream of bytes into frames (§2.3).
// SPDX-License-Identifier: Apache-2.0

#include "FrameStream.hpp"

namespace cshim {

namespace {

constexpr std::string_view protocol_header("AMQP\0\1\0\0", 8);

uint32_t number_at(std::string_view bytes, size_t start, size_t size) noexcept {
    uint32_t number = 0;
    for (size_t i = start; i < start + size; i += 1) {
        number = number << 8 | static_cast<uint8_t>(bytes[i]);
    }
    return number;
}

}  // namespace

void FrameStream::add(std::string_view bytes) {
    if (kept_.empty()) {
        rest_ = bytes;
    } else {
        kept_.append(bytes);
        rest_ = kept_;
    }
}

FrameStream::Step FrameStream::keep() {
    // The rest may be a part of the buffer.
    std::string left(rest_);
    kept_.swap(left);
    rest_ = kept_;
    return Step::more;
}

FrameStream::Step FrameStream::next(Frame &frame) {
    if (rest_.empty()) {
        kept_.clear();
        return Step::more;
    }
    if (!is_header_read_) {
        if (rest_.size() < protocol_header.size()) return keep();
        if (rest_.substr(0, protocol_header.size()) != protocol_header) return Step::malformed;
        is_header_read_ = true;
        taken_ = rest_.substr(0, protocol_header.size());
        rest_.remove_prefix(protocol_header.size());
        return Step::header;
    }
    if (rest_.size() < 4) return keep();
    const uint32_t size = number_at(rest_, 0, 4);
    if (size < Frame::head_size || size > frame_size_max_) return Step::malformed;
    if (rest_.size() < size) return keep();
    const size_t body_start = 4 * static_cast<uint8_t>(rest_[4]);
    if (body_start < Frame::head_size || body_start > size) return Step::malformed;
    taken_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    frame = {static_cast<uint8_t>(taken_[5]), static_cast<uint16_t>(number_at(taken_, 6, 2)),
             taken_.substr(body_start)};
    return Step::frame;
}

}  // namespace cshim
