// The sanitizer that the tests were built with.
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

package enum Sanitizer {
    /// It keeps files of its own, and dies where files may not grow.
    package static let isOfThreads = dlsym(nil, "__tsan_init") != nil

    /// Memory says nothing, and valgrind can't be used.
    package static let isThere = dlsym(nil, "__asan_init") != nil || isOfThreads
}
