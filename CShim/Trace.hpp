// Silences proton's log, which a peer can reach.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_TRACE_HPP
#define CSHIM_TRACE_HPP

namespace cshim {

/// Keeps proton from printing frames and bytes by the environment (PN_TRACE_FRM, PN_TRACE_RAW,
/// PN_LOG), which would include passwords, and from printing warnings: it crashes on frames that
/// are not well formed. Connections made before are not changed.
void forbid_proton_to_trace() noexcept;

}  // namespace cshim

#endif
