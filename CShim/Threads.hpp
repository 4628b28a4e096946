// Threads of the shim.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_THREADS_HPP
#define CSHIM_THREADS_HPP

#include <signal.h>

#include <thread>
#include <utility>

namespace cshim {

/// Starts a thread that takes no signals but those that its own calls raise: others are for the
/// program's threads. Throws when there can be none.
///
/// With SIGTTIN blocked, a read from a terminal in the background would fail with EIO, where the
/// process is to be stopped until it is in the foreground; SIGTTOU likewise.
template <typename Body>
std::thread start_thread(Body &&body) {
    // A thread inherits the mask of the one that makes it.
    struct Mask {
        sigset_t before;
        Mask() {
            sigset_t blocked;
            sigfillset(&blocked);
            for (const int own : {SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP})
                sigdelset(&blocked, own);
            pthread_sigmask(SIG_SETMASK, &blocked, &before);
        }
        ~Mask() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    } const mask;
    return std::thread(std::forward<Body>(body));
}

}  // namespace cshim

#endif
