// Proton's trace of frames, without secrets.
// SPDX-License-Identifier: Apache-2.0

#include "Trace.hpp"

#include <proton/logger.h>
#include <proton/transport.h>

#include <cstdlib>
#include <cstring>

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

void report_frame(intptr_t context, pn_log_subsystem_t, pn_log_level_t level,
                  const char *message) noexcept {
    if (!(level & PN_LEVEL_FRAME)) return;
    const auto &connection = *reinterpret_cast<cshim_connection *>(context);
    if (!connection.is_held) return;
    const cshim_callbacks_t &callbacks = connection.container->callbacks;
    try {
        callbacks.frame_traced(callbacks.context, connection.id, redacted(message).c_str());
    } catch (...) {
        // Out of memory: the trace has a hole.
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

void cshim_connection::trace() noexcept {
    traced = transport();
    if (!traced) return;
    pn_incref(traced);
    pn_logger_t *const logger = pn_transport_logger(traced);
    pn_logger_set_log_sink(logger, report_frame, reinterpret_cast<intptr_t>(this));
    pn_logger_set_mask(logger, PN_SUBSYSTEM_ALL, PN_LEVEL_FRAME);
}

void cshim_connection::untrace() noexcept {
    pn_logger_set_log_sink(pn_transport_logger(traced), drop, 0);
    pn_decref(traced);
    traced = nullptr;
}
