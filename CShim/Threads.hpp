// Threads of the shim's own.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_THREADS_HPP
#define CSHIM_THREADS_HPP

#include <signal.h>

#include <thread>
#include <utility>

namespace cshim {

/// Starts a thread that takes no signals: they are for the program's threads. Throws when there can
/// be none.
template <typename Body>
std::thread start_thread(Body &&body) {
    // A thread inherits the mask of the one that makes it.
    struct Mask {
        sigset_t before;
        Mask() {
            sigset_t all;
            sigfillset(&all);
            pthread_sigmask(SIG_SETMASK, &all, &before);
        }
        ~Mask() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    } const mask;
    return std::thread(std::forward<Body>(body));
}

}  // namespace cshim

#endif
