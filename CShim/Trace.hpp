// Proton's trace of frames, without secrets.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_TRACE_HPP
#define CSHIM_TRACE_HPP

#include <string>

namespace cshim {

/// Keeps proton from printing frames and bytes because the environment says so (PN_TRACE_FRM,
/// PN_TRACE_RAW, PN_LOG): a password would be among them. And from printing anything that nobody
/// asked it for. Connections made before are not changed.
void forbid_proton_to_trace() noexcept;

/// A line of proton's trace without what SASL sends: it may be a password.
std::string redacted(const char *line);

}  // namespace cshim

#endif
