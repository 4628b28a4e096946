// What stands behind the handles, and which of it outlives them.
// SPDX-License-Identifier: Apache-2.0
//
// A handle has two owners: the caller, until the handle's _free, and proton, until the object under
// it is gone. `is_held` is the first, the pn_ pointer the second; who gives up last deletes it.
//
// container -> connections -> sessions -> senders, by intrusive lists: an object is in the list of
// its parent exactly as long as its pn_ pointer is not null. So what is alive has all its parents.

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

/// A list through the `next` and `previous` of its elements. Nothing is allocated.
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

    /// The credit and drain that the caller knows, its own sends taken off.
    int32_t seen_credit = 0;
    bool is_seen_draining = false;
    bool is_held = true;
    /// The peer's attach came.
    bool is_answered = false;
    /// The peer's detach came.
    bool is_lost = false;
    /// Our detach was asked for.
    bool is_closing = false;
    /// What is sent is settled, and freed when it has left.
    bool is_pre_settled = false;
    /// A message was sent on the link.
    bool has_sent = false;
    /// The peer's first credit was 2^31 or more.
    bool is_unlimited = false;

    /// Whether the link lives: it is not lost, not closed by us, and its session has not ended.
    bool is_usable() const noexcept;
    /// Credit that is left, at most INT32_MAX.
    int32_t credit() noexcept;
    /// Whether credit or drain are others than the caller knows.
    bool has_news() noexcept;
    /// Gives up proton's end, and with it the handle if the caller has done so already.
    void forget() noexcept;
};

struct cshim_session {
    uint64_t id;
    cshim_connection *connection;
    pn_session_t *session;
    cshim_session *next = nullptr;
    cshim_session *previous = nullptr;
    cshim::List<cshim_sender> senders;

    bool is_held = true;
    /// The peer's begin came.
    bool is_answered = false;
    /// The peer's end came.
    bool is_lost = false;
    /// Our channel, once the begin was answered.
    uint16_t channel = 0;
    /// The largest handle that the peer allows (§2.7.2).
    uint32_t handle_max = UINT32_MAX;
    /// Bytes that were sent settled since all had left.
    size_t settled_bytes = 0;

    bool is_usable() const noexcept;
    /// Ends a session that was answered.
    void close() noexcept;
    /// Whether a link more would have a handle that the peer allows.
    bool is_handle_left() const noexcept;
    /// Whether everything that was sent has left for the socket.
    bool has_all_left() const noexcept;
    void forget() noexcept;
};

struct cshim_connection {
    uint64_t id;
    cshim_container *container;
    /// Referenced: proton frees a connection that ends before its transport is bound to it without
    /// an event of its end.
    pn_connection_t *connection;
    cshim_connection *next = nullptr;
    cshim_connection *previous = nullptr;
    cshim::List<cshim_session> sessions;

    bool is_held = true;
    /// Our close was asked for.
    bool is_closing = false;
    /// Our abort was asked for.
    bool is_abort_asked = false;
    /// A wake was asked of proton and has not come yet.
    bool is_wake_asked = false;
    /// Something was reported since the last batch_ended.
    bool is_batch_open = false;
    /// There are endpoints that may be freed at the next wake.
    bool has_garbage = false;
    /// OpenSSL's end of it; NULL without TLS. Proton's transport owns it.
    SSL *tls = nullptr;
    /// Frames are reported to the caller.
    bool is_traced = false;
    /// What the peer's frames come by, and the transport that owns it, referenced.
    cshim::SecurityLayer *layer = nullptr;
    pn_transport_t *layered = nullptr;
    /// The connection's own; as proton's end it lives as long as this does.
    proton::work_queue *queue = nullptr;
    /// `look_at_input` comes with the next event.
    bool is_input_watched = false;
    /// The largest frame that the peer may send.
    uint32_t frame_size = 0;
    /// How often the end of this batch was put off, because more events were waiting.
    int deferral_count = 0;

    bool is_usable() const noexcept;
    /// Proton's transport, also before the connection is bound to it; NULL once it is lost.
    pn_transport_t *transport() const noexcept;
    /// Whether proton reads no more, and has not ended the connection. It raises no event for it
    /// when TCP ends within a frame, and behind some frames that it can't read.
    bool is_input_at_end() const noexcept;
    /// Asks for one on_connection_wake.
    void wake() noexcept;
    /// Has what was just asked of proton written. In the connection's own callback it is anyway.
    void flush() noexcept;
    /// Notes that something was reported: batch_ended follows.
    void note_event() noexcept;
    /// Notes what proton has no event for: credit that was taken back, or is 2^31 and more.
    void look_for_news() noexcept;
    /// Notes that something may be freed. Not here and now: proton's adapter still uses it.
    void note_garbage() noexcept;
    /// Ends the connection without a word to the peer.
    void abort() noexcept;
    void abort_at_wake() noexcept;
    /// Ends the connection whose input has ended.
    void end() noexcept;
    /// Gives the end a reason, if it has none.
    void note_end(pn_transport_t *transport) const noexcept;
    /// Frees what both ends have given up.
    void sweep() noexcept;
    /// Gives the session an incoming window of 0, which tells the peer that no message is taken. A
    /// transfer does not get past the inspector.
    void refuse_transfers(pn_session_t *session) const noexcept;
    /// Ends a connection whose peer does what proton does not check, for this reason.
    void break_off(const char *name, const char *description) noexcept;
    /// Notices the end of the peer's bytes when it comes.
    void watch_input() noexcept;
    void look_at_input() noexcept;
    /// Reports a frame.
    void trace(bool is_incoming, const cshim::Frame &frame) const noexcept;
    void forget() noexcept;
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
    std::atomic<bool> is_turn_posted{false};
    std::atomic<bool> is_wake_asked{false};
    /// When the caller asked for `woken`, and when to look at the connections; INT64_MAX: never.
    int64_t alarm_ms = INT64_MAX;
    int64_t look_ms = INT64_MAX;
    std::atomic<bool> is_running{false};
    bool has_run = false;
    bool is_stopping = false;
    pthread_t loop{};
    /// These two last: they use the queue, so they go first.
    cshim::Lookups lookups;
    cshim::Timer timer;

    /// Whether the calling thread is the loop's, or stands for it as long as nothing runs.
    bool is_on_loop() const noexcept {
        return !is_running.load(std::memory_order_relaxed) || pthread_equal(loop, pthread_self());
    }
    /// Asks for one `woken`. Any thread.
    void wake() noexcept;
    /// Looks at the connections from time to time, until there is none.
    void watch() noexcept;
    /// Throws when the system has no room for a watched socket more: proton does not notice, and
    /// waits for it, even at the end of the run.
    static void check_watching();
    /// Sets the timer to what comes first.
    void arm() noexcept;
    /// Has the loop take a turn. Any thread.
    void post() noexcept;

private:
    void turn() noexcept;
    /// Ends the run that is to stop, once no connection is left. Proton would end them by
    /// pn_proactor_disconnect, and in its batch also one that is ending already.
    void stop_if_alone() noexcept;
    void report_lookups() noexcept;
    void look(int64_t now_ms) noexcept;
};

namespace cshim {

/// Whether an optional string of the caller says something.
inline bool is_given(const char *string) noexcept {
    return string && *string;
}

/// Says which connection's callback is running: its own batch writes what is asked for meanwhile.
class Dispatch {
public:
    explicit Dispatch(cshim_connection &connection) noexcept : container_(*connection.container) {
        container_.current = &connection;
    }
    ~Dispatch() { container_.current = nullptr; }
    Dispatch(const Dispatch &) = delete;
    Dispatch &operator=(const Dispatch &) = delete;

private:
    cshim_container &container_;
};

/// A condition of proton's, which may be NULL, or have NULL for its strings. Its info is valid
/// until the next call.
cshim_condition_t condition_of(pn_condition_t *condition) noexcept;

/// Frees an endpoint of proton's and every delivery that is left on it.
void free_link(pn_link_t *link) noexcept;
void free_session(pn_session_t *session) noexcept;

}  // namespace cshim

#endif
