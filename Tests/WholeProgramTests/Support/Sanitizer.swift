// What the tests and the program under test were built with.
// SPDX-License-Identifier: Apache-2.0

import Glibc

enum Sanitizer {
    /// Whether memory says nothing, and valgrind can't be used.
    static let isThere =
        dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
