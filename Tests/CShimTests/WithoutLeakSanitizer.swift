// Leaks that are not ours.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Hides allocations of `body` from the leak sanitizer, where the tests run under it.
func withoutLeakSanitizer(_ body: () throws -> Void) rethrows {
    func call(_ name: String) {
        guard let symbol = dlsym(nil, name) else { return }
        unsafeBitCast(symbol, to: (@convention(c) () -> Void).self)()
    }
    call("__lsan_disable")
    defer { call("__lsan_enable") }
    try body()
}
