// Threads for callers that block.
// SPDX-License-Identifier: Apache-2.0

#include "Threads.hpp"

#include "Firewall.hpp"
#include "cshim.h"

cshim_status_t cshim_thread_start(void (*body)(void *), void *context,
                                  cshim_error_t *error_out) noexcept {
    return cshim::guarded(error_out, [&] {
        if (!body) return cshim::null_argument;
        cshim::start_thread([body, context] { body(context); }).detach();
        return cshim::ok;
    });
}
