// What the tests and the program under test were built with.
// SPDX-License-Identifier: Apache-2.0

import Glibc

enum Sanitizer {
    /// It keeps files of its own, and dies where files may not grow.
    static let isOfThreads = dlsym(nil, "__tsan_init") != nil

    /// Memory says nothing, and valgrind can't be used.
    static let isThere = dlsym(nil, "__asan_init") != nil || isOfThreads
}
