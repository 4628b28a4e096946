// Proton's log of frames: the trace without secrets, and what proton itself does not tell of them.
// SPDX-License-Identifier: Apache-2.0

#include "Trace.hpp"

#include <proton/logger.h>
#include <proton/transport.h>

#include <cstdlib>
#include <cstring>

#include "FrameLine.hpp"
#include "Objects.hpp"

using namespace cshim;

namespace {

/// The SASL frames that carry what one side proves itself with, as proton writes their names; the
/// numbers, where a peer encodes them otherwise than proton.
constexpr const char *init_frame = "@sasl-init";
constexpr const char *secret_frames[] = {init_frame, "@sasl-challenge", "@sasl-response",
                                         "@0x41",    "@0x42",           "@0x43"};
/// The first field of a sasl-init: what follows its symbol begins with a comma.
constexpr const char *mechanism_field = "mechanism=";

/// A peer that never says a state that can be read is not asked for it any longer.
constexpr int stateless_count_max = 16;

void read_begin(cshim_connection &connection, const FrameLine &line) {
    const std::string_view remote = line.performative.field(0, "remote-channel");
    if (!line.is_incoming) {
        // One that answers the peer's begin is no session of ours.
        if (remote.empty()) connection.note_begin(line);
        return;
    }
    const std::optional<uint64_t> channel = number_of(remote);
    for (cshim_session *each = connection.sessions.first(); each && channel; each = each->next) {
        if (each->is_answered || each->channel != static_cast<int64_t>(*channel)) continue;
        each->remote_channel = line.channel;
        const auto handle_max = number_of(line.performative.field(4, "handle-max"));
        if (handle_max) each->handle_max = static_cast<uint32_t>(*handle_max);
    }
}

/// Keeps the states that proton passes over, as their descriptor is a symbol.
void read_disposition(cshim_connection &connection, const FrameLine &line) {
    const ListText &disposition = line.performative;
    if (disposition.field(0, "role") != "true") return;
    const auto state = ListText::parse(disposition.field(4, "state"));
    const auto first = number_of(disposition.field(1, "first"));
    if (!state || !first) {
        connection.stateless_count += 1;
        if (connection.stateless_count > stateless_count_max) connection.stop_reading_states();
        return;
    }
    if (state->symbol().empty()) {
        if (connection.symbolic_states.empty()) connection.stop_reading_states();
        return;
    }
    const auto last = number_of(disposition.field(2, "last"));
    connection.symbolic_states.push_back({line.channel, static_cast<uint32_t>(*first),
                                          static_cast<uint32_t>(last.value_or(*first)),
                                          std::string(disposition.field(4, "state"))});
}

void read_frame(cshim_connection &connection, const char *message) {
    const std::optional<FrameLine> line = FrameLine::parse(message);
    if (!line) return;
    if (line->performative.is(0x11, "begin")) return read_begin(connection, *line);
    if (line->is_incoming && connection.is_reading_states &&
        line->performative.is(0x15, "disposition")) {
        read_disposition(connection, *line);
    }
}

void handle_frame(intptr_t context, pn_log_subsystem_t, pn_log_level_t level,
                  const char *message) noexcept {
    if (!(level & PN_LEVEL_FRAME)) return;
    auto &connection = *reinterpret_cast<cshim_connection *>(context);
    try {
        read_frame(connection, message);
        if (!connection.is_held || !connection.is_traced) return;
        const cshim_callbacks_t &callbacks = connection.container->callbacks;
        callbacks.frame_traced(callbacks.context, connection.id, redacted(message).c_str());
    } catch (...) {
        // Out of memory: the trace has a hole, and the peer's limits are those of most.
    }
}

void drop(intptr_t, pn_log_subsystem_t, pn_log_level_t, const char *) noexcept {}

/// Whether the environment asks for proton's own log.
bool is_log_asked_for() noexcept {
    return std::getenv("PN_LOG") || std::getenv("PN_TRACE_DRV") || std::getenv("PN_TRACE_EVT");
}

}  // namespace

void cshim::forbid_proton_to_trace() noexcept {
    pn_logger_t *const logger = pn_default_logger();
    pn_logger_reset_mask(logger, PN_SUBSYSTEM_NONE, PN_LEVEL_FRAME | PN_LEVEL_RAW);
    // Some of its warnings of a peer heed no mask.
    if (!is_log_asked_for()) pn_logger_set_log_sink(logger, drop, 0);
}

std::string cshim::redacted(const char *line) {
    // The first is the frame's name.
    const char *const frame = std::strchr(line, '@');
    if (!frame) return line;
    for (const char *const name : secret_frames) {
        if (std::strncmp(frame, name, std::strlen(name))) continue;
        std::string result(line, frame + std::strlen(name));
        const char *const mechanism =
            name == init_frame ? std::strstr(frame, mechanism_field) : nullptr;
        result += " [";
        if (mechanism) result += std::string(mechanism, std::strcspn(mechanism, ",]")) + ", ";
        return result + "the rest is not shown]";
    }
    return line;
}

void cshim_connection::note_begin(const FrameLine &line) noexcept {
    // The oldest that has no channel: they are written in the order in which they were opened.
    cshim_session *begun = nullptr;
    for (cshim_session *each = sessions.first(); each; each = each->next) {
        if (each->channel < 0) begun = each;
    }
    if (!begun) return;
    begun->channel = line.channel;
    const auto next_id = number_of(line.performative.field(1, "next-outgoing-id"));
    if (next_id) begun->next_delivery_id = static_cast<uint32_t>(*next_id);
}

void cshim_connection::read_states() noexcept {
    if (is_reading_states || are_states_known) return;
    is_reading_states = true;
    update_log();
}

void cshim_connection::stop_reading_states() noexcept {
    is_reading_states = false;
    are_states_known = true;
    update_log();
}

void cshim_connection::update_log() noexcept {
    bool is_begin_awaited = false;
    for (cshim_session *each = sessions.first(); each; each = each->next) {
        is_begin_awaited |= !each->is_answered && !each->is_lost;
    }
    const bool is_wanted = is_traced || is_reading_states || is_begin_awaited;
    if (!logged && is_wanted) {
        logged = transport();
        if (!logged) return;
        pn_incref(logged);
        pn_logger_set_log_sink(pn_transport_logger(logged), handle_frame,
                               reinterpret_cast<intptr_t>(this));
    }
    if (!logged) return;
    pn_logger_t *const logger = pn_transport_logger(logged);
    if (is_wanted) {
        pn_logger_set_mask(logger, PN_SUBSYSTEM_ALL, PN_LEVEL_FRAME);
    } else {
        pn_logger_reset_mask(logger, PN_SUBSYSTEM_NONE, PN_LEVEL_FRAME);
    }
}

void cshim_connection::end_log() noexcept {
    if (!logged) return;
    pn_logger_set_log_sink(pn_transport_logger(logged), drop, 0);
    pn_decref(logged);
    logged = nullptr;
}
