// Checks every frame of the peer before proton reads it.
// SPDX-License-Identifier: Apache-2.0

#include "Inspector.hpp"

#include "Performatives.hpp"

namespace cshim {

namespace {

constexpr const char *framing_error = "amqp:connection:framing-error";
constexpr const char *decode_error = "amqp:decode-error";
constexpr const char *not_allowed = "amqp:not-allowed";

/// The largest handle that differs from proton's own marks for no handle.
constexpr uint32_t handle_max = 0x7FFFFFFF;

/// The first of the numbers that stand for symbolic descriptors without a number. No domain of the
/// specification is in this range.
constexpr uint64_t first_symbol_number = 0xFFFFFFFFFFFFFF00;
constexpr size_t symbol_count_max = 64;

std::string text(const char *before, uint64_t number, const char *behind) {
    return before + std::to_string(number) + behind;
}

}  // namespace

bool Inspector::fail(const char *name, std::string description) {
    fault_ = {name, "the peer breaks the protocol: " + std::move(description)};
    return false;
}

bool Inspector::take(std::string_view bytes) {
    passed_.clear();
    if (is_foreign_) {
        passed_.append(bytes);
        return true;
    }
    stream_.add(bytes);
    Frame frame{};
    while (true) {
        switch (stream_.next(frame)) {
        case FrameStream::Step::more: return true;
        case FrameStream::Step::header: passed_.append(stream_.taken()); break;
        case FrameStream::Step::frame: {
            const size_t size_before = passed_.size();
            if (look_at(frame)) break;
            passed_.resize(size_before);
            return false;
        }
        case FrameStream::Step::malformed:
            if (stream_.is_begun())
                return fail(framing_error, "a frame with an invalid size or header");
            is_foreign_ = true;
            passed_.append(stream_.rest());
            return true;
        }
    }
}

bool Inspector::look_at(const Frame &frame) {
    if (frame.type != Frame::type_amqp) {
        return fail(framing_error, text("a frame of type ", frame.type, ""));
    }
    if (frame.body.empty()) {
        passed_.append(stream_.taken());
        return true;
    }
    if (!has_symbolic_descriptor(frame.body)) {
        passed_.append(stream_.taken());
        return look_at_body(frame.channel, frame.body);
    }
    const auto number = [](void *inspector, std::string_view symbol) {
        return static_cast<Inspector *>(inspector)->number_for(symbol);
    };
    const std::string body = with_numbers(frame.body, number, this);
    append_number(passed_, Frame::head_size + body.size(), 4);
    append_number(passed_, 2 << 8 | Frame::type_amqp, 2);
    append_number(passed_, frame.channel, 2);
    passed_.append(body);
    return look_at_body(frame.channel, body);
}

bool Inspector::look_at_body(uint16_t channel, std::string_view body) {
    const auto performative = take_value(body);
    if (!performative || !performative->is_list()) {
        return fail(decode_error, "a frame with an unreadable performative");
    }
    const auto number = number_of(performative->descriptor);
    const Performative *const known = number ? performative_of(*number) : nullptr;
    if (!known) return fail(framing_error, "a frame with an unknown performative");
    fields_.clear();
    std::string_view rest = performative->content;
    while (const auto field = take_value(rest)) fields_.push_back(*field);
    if (const Field *const odd = odd_field(*known, fields_)) {
        return fail(decode_error, std::string(known->name) + " with a missing or odd " + odd->name);
    }
    switch (*number) {
    case performative_open:
        if (is_open_) return fail(framing_error, "a second open");
        is_open_ = true;
        return true;
    case performative_close: return is_open_ || fail(framing_error, "a close before the open");
    default:
        if (!is_open_) return fail(framing_error, std::string(known->name) + " before the open");
        return look_at_session(*number, channel, fields_);
    }
}

bool Inspector::look_at_session(uint64_t performative, uint16_t channel,
                                const std::vector<Value> &fields) {
    if (performative == performative_begin) return look_at_begin(channel, fields);
    const auto session = sessions_.find(channel);
    if (session == sessions_.end()) {
        return fail(not_allowed, text("a frame on channel ", channel, ", which has no session"));
    }
    switch (performative) {
    case performative_attach: return look_at_attach(session->second, fields);
    case performative_detach: {
        const uint32_t handle = static_cast<uint32_t>(fields[0].number());
        const auto link = session->second.links.find(handle);
        if (link == session->second.links.end()) {
            return fail("amqp:session:unattached-handle", text("a detach of handle ", handle, ""));
        }
        session->second.names.erase(link->second);
        session->second.links.erase(link);
        return true;
    }
    case performative_end: sessions_.erase(session); return true;
    case performative_transfer:
        // Proton would take a transfer on a sending link for the delivery that is sent next, and
        // asserts on one without a delivery-id.
        return fail("amqp:session:window-violation", "a message, where our incoming window is 0");
    default: return true;
    }
}

bool Inspector::look_at_attach(Session &session, const std::vector<Value> &fields) {
    const uint32_t handle = static_cast<uint32_t>(fields[1].number());
    if (handle > handle_max) {
        return fail("amqp:connection:framing-error",
                    text("an attach above our handle-max: ", handle, ""));
    }
    std::string link(fields[2].is_true() ? "receiver " : "sender ");
    link.append(fields[0].content);
    if (session.links.count(handle)) {
        return fail("amqp:session:handle-in-use", text("a second attach of handle ", handle, ""));
    }
    if (!session.names.insert(link).second) {
        return fail(not_allowed, "a second attach of one link");
    }
    session.links.emplace(handle, std::move(link));
    return true;
}

bool Inspector::look_at_begin(uint16_t channel, const std::vector<Value> &fields) {
    if (sessions_.count(channel)) {
        return fail(not_allowed, text("a second begin on channel ", channel, ""));
    }
    Session session;
    if (!fields[0].is_null()) {
        session.answered = static_cast<uint16_t>(fields[0].number());
        for (const auto &[other_channel, other] : sessions_) {
            if (other.answered == session.answered) {
                return fail(not_allowed, "a begin of ours is answered on two channels");
            }
        }
        const bool is_limited = fields.size() > 4 && !fields[4].is_null();
        const uint64_t handle_max = is_limited ? fields[4].number() : UINT32_MAX;
        answers_.push_back({*session.answered, static_cast<uint32_t>(handle_max)});
    }
    sessions_.emplace(channel, std::move(session));
    return true;
}

Inspector::Answer Inspector::take_answer() noexcept {
    // Proton reports a begin only after it passed here.
    if (answers_.empty()) return {0, UINT32_MAX};
    const Answer answer = answers_.front();
    answers_.pop_front();
    return answer;
}

void Inspector::note_end(uint16_t channel) noexcept {
    for (auto &[other_channel, session] : sessions_) {
        if (session.answered == channel) session.answered.reset();
    }
}

uint64_t Inspector::number_for(std::string_view symbol) {
    if (const auto number = descriptor_number(symbol)) return *number;
    size_t index = 0;
    while (index < symbols_.size() && symbols_[index] != symbol) index += 1;
    if (index == symbols_.size()) {
        // Further ones share the number of the last.
        if (index == symbol_count_max) return first_symbol_number + index - 1;
        symbols_.emplace_back(symbol);
    }
    return first_symbol_number + index;
}

const char *Inspector::symbol_behind(uint64_t number) const noexcept {
    const uint64_t index = number - first_symbol_number;
    return number >= first_symbol_number && index < symbols_.size() ? symbols_[index].c_str() : "";
}

}  // namespace cshim
