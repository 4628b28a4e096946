// Silences proton's log, which a peer can reach.
// SPDX-License-Identifier: Apache-2.0

#include "Trace.hpp"

#include <proton/logger.h>

#include <cstdlib>

using namespace cshim;

namespace {

void drop(intptr_t, pn_log_subsystem_t, pn_log_level_t, const char *) noexcept {}

/// Whether the environment asks for proton's own log.
bool is_log_asked_for() noexcept {
    return std::getenv("PN_LOG") || std::getenv("PN_TRACE_DRV") || std::getenv("PN_TRACE_EVT");
}

}  // namespace

void cshim::forbid_proton_to_trace() noexcept {
    pn_logger_t *const logger = pn_default_logger();
    pn_logger_reset_mask(logger, PN_SUBSYSTEM_NONE, PN_LEVEL_FRAME | PN_LEVEL_RAW);
    // Some of its warnings about a peer ignore the mask.
    if (!is_log_asked_for()) pn_logger_set_log_sink(logger, drop, 0);
}
