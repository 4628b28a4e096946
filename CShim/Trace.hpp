// Proton's own log, which no peer may reach.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_TRACE_HPP
#define CSHIM_TRACE_HPP

namespace cshim {

/// Keeps proton from printing frames and bytes because the environment says so (PN_TRACE_FRM,
/// PN_TRACE_RAW, PN_LOG): a password would be among them. And from printing anything that nobody
/// asked it for: it crashes on frames that are not well formed. Connections made before are not
/// changed.
void forbid_proton_to_trace() noexcept;

}  // namespace cshim

#endif
