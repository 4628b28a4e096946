// The objects behind the handles, and their lifetimes.
// SPDX-License-Identifier: Apache-2.0
//
// A handle has two owners: the caller, until the _free of the handle, and proton, until its own
// object is gone. `is_owned` tells the first, the pn_ pointer the second; the last owner deletes
// the object.
//
// container -> connections -> sessions -> senders, by intrusive lists: an object is in the list of
// its parent exactly as long as its pn_ pointer is not null, so that it lives no longer than they
// do.

#ifndef CSHIM_OBJECTS_HPP
#define CSHIM_OBJECTS_HPP

#include <openssl/types.h>
#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/container.hpp>
#include <proton/link.h>
#include <proton/session.h>
#include <proton/work_queue.hpp>

#include <pthread.h>

#include <atomic>
#include <string>

#include "Firewall.hpp"
#include "Handler.hpp"
#include "Lookups.hpp"
#include "Timer.hpp"
#include "cshim_endpoints.h"

namespace cshim {

class SecurityLayer;
struct Frame;

/// An intrusive list, through `next` and `previous` of its elements.
template <typename Element>
class List {
public:
    Element *first() const noexcept { return first_; }

    void insert(Element &element) noexcept {
        element.next = first_;
        element.previous = nullptr;
        if (first_) first_->previous = &element;
        first_ = &element;
    }

    void remove(Element &element) noexcept {
        (element.previous ? element.previous->next : first_) = element.next;
        if (element.next) element.next->previous = element.previous;
    }

private:
    Element *first_ = nullptr;
};

}  // namespace cshim

struct cshim_sender {
    uint64_t id;
    cshim_session *session;
    pn_link_t *link;
    cshim_sender *next = nullptr;
    cshim_sender *previous = nullptr;

    /// The credit and drain request that the caller knows, its own sends subtracted.
    int32_t seen_credit = 0;
    bool is_seen_draining = false;
    bool is_owned = true;
    /// The peer's attach came.
    bool is_answered = false;
    /// The peer's detach came.
    bool is_lost = false;
    /// The caller has closed it.
    bool is_closing = false;
    /// Messages are sent settled, and freed when they have left.
    bool is_pre_settled = false;
    /// A message was sent on the link.
    bool has_sent = false;
    /// The peer's first credit was 2^31 or more.
    bool is_unlimited = false;
    /// The callback in which the link was last found to live.
    uint64_t checked_in = 0;
    /// The delivery of which pieces were sent, and not the last one; NULL while there is none.
    pn_delivery_t *partial = nullptr;
    /// The bytes of it that were sent.
    size_t partial_bytes = 0;

    /// Whether the link lives: it is not lost, not closed by us, and its session has not ended.
    bool is_usable() const noexcept;
    /// Whether the caller has closed or freed it, or what it is on.
    bool is_ended_by_us() const noexcept;
    /// The remaining credit, at most INT32_MAX.
    int32_t credit() noexcept;
    /// Whether credit or drain request differ from what the caller knows.
    bool has_news() noexcept;
    /// Has the peer forget the delivery of which pieces were sent (§2.6.14).
    void abort_partial() noexcept;
    /// Detaches the handle from proton's object, and deletes it if the caller has freed it.
    void detach() noexcept;
};

struct cshim_session {
    uint64_t id;
    cshim_connection *connection;
    pn_session_t *session;
    cshim_session *next = nullptr;
    cshim_session *previous = nullptr;
    cshim::List<cshim_sender> senders;

    bool is_owned = true;
    /// The peer's begin came.
    bool is_answered = false;
    /// The peer's end came.
    bool is_lost = false;
    /// Our channel, once the begin was answered.
    uint16_t channel = 0;
    /// The largest handle that the peer allows (§2.7.2).
    uint32_t handle_max = UINT32_MAX;
    /// Bytes that were sent settled since the backlog was last empty.
    size_t settled_bytes = 0;

    bool is_usable() const noexcept;
    /// Sends end, on a session whose begin was answered.
    void close() noexcept;
    /// Whether the peer allows a handle for another link.
    bool is_handle_left() const noexcept;
    /// Whether everything that was sent has left for the socket.
    bool has_all_left() const noexcept;
    void detach() noexcept;
};

struct cshim_connection {
    uint64_t id;
    cshim_container *container;
    /// Referenced: if a connection ends before its transport is bound, proton frees it without an
    /// event.
    pn_connection_t *connection;
    cshim_connection *next = nullptr;
    cshim_connection *previous = nullptr;
    cshim::List<cshim_session> sessions;

    bool is_owned = true;
    /// The caller has closed it.
    bool is_closing = false;
    /// The caller has aborted it.
    bool is_abort_asked = false;
    /// A wake was requested of proton and has not come yet.
    bool is_wake_asked = false;
    /// An event was reported since the last batch_ended.
    bool is_batch_open = false;
    /// Endpoints may be freed at the next wake.
    bool has_freeable = false;
    /// OpenSSL's connection; NULL without TLS. Proton's transport owns it.
    SSL *tls = nullptr;
    /// Frames are reported to the caller.
    bool is_traced = false;
    /// The layer that inspects the peer's frames, and the transport that owns it, referenced.
    cshim::SecurityLayer *layer = nullptr;
    pn_transport_t *layered = nullptr;
    /// The largest frame that the peer may send.
    uint32_t frame_size = 0;
    /// Number of times that the end of this batch was deferred because more events were waiting.
    int deferral_count = 0;
    /// Endpoints of the peer that were refused since they were last counted.
    int refused_count = 0;

    bool is_usable() const noexcept;
    /// Proton's transport, also before the connection is bound to it; NULL once it is lost.
    pn_transport_t *transport() const noexcept;
    /// Whether proton has stopped reading without ending the connection. It raises no event if TCP
    /// ends within a frame, nor after some frames that it can't decode.
    bool is_input_at_end() const noexcept;
    /// Requests one on_connection_wake.
    void wake() noexcept;
    /// Has proton write its output. In the connection's own callback that happens anyway.
    void flush() noexcept;
    /// Notes that an event was reported: batch_ended follows.
    void note_event() noexcept;
    /// Begins a batch for changes that proton has no event for: credit that was taken back, or is
    /// 2^31 or more.
    void look_for_news() noexcept;
    /// Requests free_unused at the next wake. At present proton's adapter still uses the endpoint.
    void note_freeable() noexcept;
    /// Ends the connection without a close.
    void abort() noexcept;
    void abort_at_wake() noexcept;
    /// Ends a connection whose input has ended.
    void end() noexcept;
    /// Sets the condition of the end, if there is none.
    void note_end(pn_transport_t *transport) const noexcept;
    /// Frees endpoints that both peers have closed and the caller has freed.
    void free_unused() noexcept;
    /// Sets the session's incoming window to 0, so that the peer sends no message. The inspector
    /// refuses transfers.
    void refuse_transfers(pn_session_t *session) const noexcept;
    /// Notes that an endpoint which the peer opened was closed by us. Ends the connection of a peer
    /// that leaves many of them open: each takes memory until the peer has closed it as well.
    void note_refused() noexcept;
    /// Ends a connection whose peer breaks a rule that proton does not check, for this reason.
    void break_off(const char *name, const char *description) noexcept;
    /// Reports a frame.
    void trace(bool is_incoming, const cshim::Frame &frame) const noexcept;
    void detach() noexcept;
};

struct cshim_container {
    cshim_container(const char *id, const cshim_callbacks_t &table);
    ~cshim_container();

    const cshim_callbacks_t callbacks;
    cshim::Handler handler;
    proton::container container;
    proton::work_queue queue;
    cshim::List<cshim_connection> connections;
    /// The connection whose callback is running.
    cshim_connection *current = nullptr;
    /// Counts the callbacks: nothing is read within one, so that no loss comes.
    uint64_t callback_count = 1;
    std::atomic<bool> is_turn_posted{false};
    std::atomic<bool> is_wake_asked{false};
    /// When `woken` is due, and when the connections are polled; INT64_MAX: never.
    int64_t alarm_ms = INT64_MAX;
    int64_t look_ms = INT64_MAX;
    std::atomic<bool> is_running{false};
    bool has_run = false;
    bool is_stopping = false;
    pthread_t loop{};
    /// Declared last, so that they are destroyed first: they use the queue.
    cshim::Lookups lookups;
    cshim::Timer timer;

    /// Whether the calling thread is the loop's, or stands for it while nothing runs.
    bool is_on_loop() const noexcept {
        return !is_running.load(std::memory_order_relaxed) || pthread_equal(loop, pthread_self());
    }
    /// Requests one `woken`. Any thread.
    void wake() noexcept;
    /// Polls the connections until there is none.
    void watch() noexcept;
    /// Throws if the system allows no further watched socket: proton does not notice that, and
    /// waits for the socket, even at the end of the run.
    static void check_watching();
    /// Sets the timer to the earlier of the two times.
    void arm() noexcept;
    /// Has `turn` run on the loop. Any thread.
    void post() noexcept;

private:
    void turn() noexcept;
    /// Ends the run, once no connection is left. Proton would end them by pn_proactor_disconnect,
    /// also one that is ending already, within its batch.
    void stop_if_alone() noexcept;
    void report_lookups() noexcept;
    void look(int64_t now_ms) noexcept;
};

namespace cshim {

/// Whether an optional string of the caller is given and not empty.
inline bool is_given(const char *string) noexcept {
    return string && *string;
}

/// Marks the connection whose callback is running: its batch writes the output of calls within.
class Dispatch {
public:
    explicit Dispatch(cshim_connection &connection) noexcept : container_(*connection.container) {
        container_.current = &connection;
        container_.callback_count += 1;
    }
    ~Dispatch() { container_.current = nullptr; }
    Dispatch(const Dispatch &) = delete;
    Dispatch &operator=(const Dispatch &) = delete;

private:
    cshim_container &container_;
};

/// Converts a condition of proton, which may be NULL, or have NULL strings. The info is valid until
/// the next call.
cshim_condition_t condition_of(pn_condition_t *condition) noexcept;

/// Free an endpoint of proton, and every delivery that is left on it.
void free_link(pn_link_t *link) noexcept;
void free_session(pn_session_t *session) noexcept;

}  // namespace cshim

#endif
