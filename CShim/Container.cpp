// The container: its run, and the calls that other threads may make.
// SPDX-License-Identifier: Apache-2.0

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "Objects.hpp"
#include "Trace.hpp"

namespace {

/// The interval at which connections are polled for an end of input that came without an event.
/// With a security layer, proton has none for the end of TCP that reaches a handler; a job of the
/// connection's work queue would wake the connection, again and again.
constexpr int64_t look_interval_ms = 100;

}  // namespace

cshim_container::cshim_container(const char *id, const cshim_callbacks_t &table)
    : callbacks(table),
      handler(*this),
      container(handler, id),
      queue(container),
      lookups([this] { post(); }),
      timer([this] { post(); }) {
    cshim::forbid_proton_to_trace();
    // The run goes on while there is no connection.
    container.auto_stop(false);
}

cshim_container::~cshim_container() {
    // Proton frees the remaining connections without another event.
    while (cshim_connection *connection = connections.first()) connection->detach();
}

void cshim_container::wake() noexcept {
    is_wake_asked.store(true);
    post();
}

void cshim_container::post() noexcept {
    if (is_turn_posted.exchange(true)) return;
    bool is_posted = false;
    try {
        is_posted = queue.add(proton::work([this] { turn(); }));
    } catch (...) {
        // Out of memory. The flag is cleared, so that the next call tries again.
    }
    if (!is_posted) is_turn_posted.store(false);
}

void cshim_container::turn() noexcept {
    is_turn_posted.store(false);
    const int64_t now_ms = cshim::monotonic_milliseconds();
    if (now_ms >= look_ms) look(now_ms);
    const bool is_alarm = now_ms >= alarm_ms;
    if (is_alarm) alarm_ms = INT64_MAX;
    arm();
    callback_count += 1;
    report_lookups();
    if (is_wake_asked.exchange(false) || is_alarm) callbacks.woken(callbacks.context);
    if (is_stopping) stop_if_alone();
}

void cshim_container::report_lookups() noexcept {
    if (is_stopping) return;
    try {
        for (const cshim::Lookups::Landed &each : lookups.take()) {
            const cshim::Addresses &addresses = each.addresses;
            std::vector<const char *> numeric;
            for (const std::string &address : addresses.numeric) numeric.push_back(address.c_str());
            callbacks.host_looked_up(callbacks.context, each.id, numeric.data(), numeric.size(),
                                     addresses.failure.c_str());
        }
    } catch (...) {
        // Out of memory: the caller's limit on the look-up ends the wait.
    }
}

void cshim_container::stop_if_alone() noexcept {
    if (connections.first()) return;
    try {
        container.stop();
    } catch (...) {
        // Out of memory: the next turn tries again.
    }
}

void cshim_container::arm() noexcept {
    timer.arm(std::min(alarm_ms, look_ms));
}

void cshim_container::watch() noexcept {
    if (look_ms != INT64_MAX) return;
    look_ms = cshim::monotonic_milliseconds() + look_interval_ms;
    arm();
}

void cshim_container::look(int64_t now_ms) noexcept {
    for (cshim_connection *each = connections.first(); each; each = each->next) {
        if (each->is_input_at_end()) each->wake();
        each->look_for_news();
    }
    look_ms = connections.first() ? now_ms + look_interval_ms : INT64_MAX;
}

void cshim_container::check_watching() {
    const int watcher = epoll_create1(EPOLL_CLOEXEC);
    const int watched = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    epoll_event event{};
    const int failed = epoll_ctl(watcher, EPOLL_CTL_ADD, watched, &event);
    const int error = errno;
    if (watcher >= 0) close(watcher);
    if (watched >= 0) close(watched);
    if (!failed) return;
    throw std::system_error(error, std::generic_category(), "a socket can't be watched");
}

using namespace cshim;

namespace {

bool is_complete(const cshim_callbacks_t &table) noexcept {
    return table.started && table.woken && table.host_looked_up && table.login_stepped &&
           table.connection_opened && table.connection_lost && table.session_lost &&
           table.link_opened && table.link_lost && table.delivery_updated &&
           table.deliveries_accepted && table.frame_traced && table.batch_ended && table.release;
}

/// Descriptors that proton opens for its loop. It crashes if one can't be opened.
constexpr int loop_descriptor_count = 4;

bool are_descriptors_left() noexcept {
    int opened[loop_descriptor_count];
    int count = 0;
    while (count < loop_descriptor_count) {
        opened[count] = eventfd(0, EFD_CLOEXEC);
        if (opened[count] < 0) break;
        count += 1;
    }
    for (int index = 0; index < count; index += 1) close(opened[index]);
    return count == loop_descriptor_count;
}

}  // namespace

int64_t cshim_monotonic_milliseconds(void) noexcept {
    return monotonic_milliseconds();
}

int64_t cshim_monotonic_microseconds(void) noexcept {
    return monotonic_microseconds();
}

cshim_status_t cshim_container_new(const char *container_id, const cshim_callbacks_t *callbacks,
                                   cshim_container_t **container_out,
                                   cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!container_id || !callbacks || !container_out) return null_argument;
        if (!is_complete(*callbacks)) return null_argument;
        if (!*container_id) return {CSHIM_STATUS_INVALID_ARGUMENT, "the container's id is empty"};
        if (!are_descriptors_left()) {
            return {CSHIM_STATUS_PROTON_ERROR, "too few file descriptors are left"};
        }
        cshim_container::check_watching();
        *container_out = new cshim_container(container_id, *callbacks);
        return ok;
    });
}

void cshim_container_free(cshim_container_t *container) noexcept {
    if (!container) return;
    assert(!container->is_running && "a container is freed while it runs");
    const cshim_callbacks_t callbacks = container->callbacks;
    delete container;
    callbacks.release(callbacks.context);
}

cshim_status_t cshim_container_run(cshim_container_t *container,
                                   cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!container) return null_argument;
        if (container->has_run) return {CSHIM_STATUS_INVALID_STATE, "the container has run"};
        container->has_run = true;
        container->loop = pthread_self();
        container->is_running = true;
        struct End {
            cshim_container &container;
            ~End() { container.is_running = false; }
        } const end{*container};
        container->container.run();
        return ok;
    });
}

cshim_status_t cshim_container_stop(cshim_container_t *container,
                                    cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!container) return null_argument;
        if (!container->is_on_loop()) return wrong_thread;
        container->is_stopping = true;
        container->alarm_ms = container->look_ms = INT64_MAX;
        container->arm();
        for (auto *each = container->connections.first(); each; each = each->next) each->abort();
        container->post();
        return ok;
    });
}

bool cshim_container_is_on_loop(const cshim_container_t *container) noexcept {
    return container && container->is_on_loop();
}

void cshim_container_wake(cshim_container_t *container) noexcept {
    if (container) container->wake();
}

cshim_status_t cshim_container_wake_at(cshim_container_t *container, int64_t time_ms,
                                       cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!container) return null_argument;
        if (!container->is_on_loop()) return wrong_thread;
        const bool is_past = time_ms <= monotonic_milliseconds();
        container->alarm_ms = is_past ? INT64_MAX : time_ms;
        container->arm();
        if (is_past) container->wake();
        return ok;
    });
}
