// An alarm on the monotonic clock.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_TIMER_HPP
#define CSHIM_TIMER_HPP

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace cshim {

/// The monotonic clock, in milliseconds.
int64_t monotonic_milliseconds() noexcept;

/// The same clock, in microseconds.
int64_t monotonic_microseconds() noexcept;

/// Calls a function at a time, on a thread of its own.
///
/// Proton's own timers compare the wall clock, can't be cancelled, and keep the run from ending.
class Timer {
public:
    /// Starts the thread; throws if no thread can be started.
    explicit Timer(std::function<void()> fired);
    ~Timer();
    Timer(const Timer &) = delete;
    Timer &operator=(const Timer &) = delete;

    /// Sets the time, in place of the time before; INT64_MAX: none.
    void arm(int64_t time_ms) noexcept;

private:
    std::thread start();
    void run() noexcept;

    const std::function<void()> fired_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int64_t time_ms_ = INT64_MAX;
    bool is_ending_ = false;
    /// Declared last: the thread uses the other members.
    std::thread thread_;
};

}  // namespace cshim

#endif
