// One alarm on the monotonic clock.
// SPDX-License-Identifier: Apache-2.0

#include "Timer.hpp"

#include <signal.h>

#include <algorithm>
#include <chrono>

namespace cshim {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The longest single wait. A time_point counts nanoseconds: far milliseconds would overflow it.
constexpr int64_t wait_max_ms = 24 * 60 * 60 * 1000;

}  // namespace

int64_t monotonic_milliseconds() noexcept {
    return std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count();
}

Timer::~Timer() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Timer::arm(int64_t time_ms) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (time_ms == time_ms_) return;
        time_ms_ = time_ms;
        if (!thread_.joinable() && time_ms != INT64_MAX) start();
    }
    changed_.notify_one();
}

void Timer::start() {
    // Signals are for the program's threads; a thread inherits the mask of the one that makes it.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        thread_ = std::thread([this] { run(); });
    } catch (...) {
        time_ms_ = INT64_MAX;
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Timer::run() noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!is_ending_) {
        if (time_ms_ == INT64_MAX) {
            changed_.wait(lock);
            continue;
        }
        const int64_t now_ms = monotonic_milliseconds();
        if (now_ms < time_ms_) {
            const int64_t until_ms = std::min(time_ms_, now_ms + wait_max_ms);
            changed_.wait_until(lock, Clock::time_point(milliseconds(until_ms)));
            continue;
        }
        time_ms_ = INT64_MAX;
        lock.unlock();
        fired_();
        lock.lock();
    }
}

}  // namespace cshim
