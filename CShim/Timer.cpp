// An alarm on the monotonic clock.
// SPDX-License-Identifier: Apache-2.0

#include "Timer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "Threads.hpp"

namespace cshim {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// The longest single wait. A time_point counts nanoseconds, which distant milliseconds would
/// overflow.
constexpr int64_t wait_max_ms = 24 * 60 * 60 * 1000;

}  // namespace

int64_t monotonic_milliseconds() noexcept {
    return std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count();
}

int64_t monotonic_microseconds() noexcept {
    return std::chrono::duration_cast<microseconds>(Clock::now().time_since_epoch()).count();
}

Timer::Timer(std::function<void()> fired) : fired_(std::move(fired)), thread_(start()) {}

Timer::~Timer() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Timer::arm(int64_t time_ms) noexcept {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (time_ms == time_ms_) return;
        time_ms_ = time_ms;
    }
    changed_.notify_one();
}

std::thread Timer::start() {
    return start_thread([this] { run(); });
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
