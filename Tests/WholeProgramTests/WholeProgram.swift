// The real binary against real peers and stand-ins, one test after the other.
// SPDX-License-Identifier: Apache-2.0

import Testing

/// All suites of this folder are extensions of this one, so that they run one after the other.
@Suite(.serialized)
enum WholeProgram {}
