// The C ABI over qpid-proton-cpp, without policy.
// SPDX-License-Identifier: Apache-2.0
//
// This header has the conventions, the callbacks and the container; cshim_endpoints.h has
// connections, sessions and senders, cshim_login.h the answers to the steps of a login.
//
// Conventions
//
// 1. Naming: functions are cshim_<object>_<verb>, types cshim_<object>_t, enumerators
//    CSHIM_<ENUM>_<CASE>.
// 2. Ownership: every pointer is one of three.
//    owned     made by _new, _connect or _open, given back with _free. _free accepts NULL.
//    borrowed  valid until the callback or the call that it was given to returns.
//    copied    the callee copies before it returns.
//    A handle stays valid until its own _free, whatever happens on the wire: once its connection is
//    gone, calls on it return CSHIM_STATUS_NOT_CONNECTED. Handles may be freed in any order, also
//    after their container.
// 3. Errors: a function that can fail returns cshim_status_t and fills error_out, when it is not
//    NULL, by value. Nothing is allocated for an error. No C++ exception leaves this library, and
//    a callback must not throw or unwind through it.
// 4. Strings end in a NUL and are UTF-8. Bytes come as a pointer and a size; NULL is allowed when
//    the size is 0.
// 5. Threads: "loop" functions belong to the thread inside cshim_container_run, and return
//    CSHIM_STATUS_INVALID_STATE on another; a _free does nothing there. "Any thread" is said where
//    it holds, as for cshim_container_wake. Before the run begins and
//    after it ends, the caller's one thread stands for the loop.
// 6. Callbacks run on the loop, one at a time, and may call every loop function but
//    cshim_container_run and cshim_container_free. Nothing is reported for a handle after its
//    _free.
// 7. Units: times in milliseconds of the monotonic clock, sizes in bytes, credit in messages.
//
// Done for the caller: output that is requested outside of a connection's own callbacks is written
// at once; terminal outcomes are settled, and the non-terminal `received` is ignored; the attach of
// a freed sender, and an endpoint that the peer opens, are answered with a close.

#ifndef CSHIM_H
#define CSHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define CSHIM_ASSUME_NONNULL_BEGIN                                      \
    _Pragma("clang diagnostic push")                                    \
        _Pragma("clang diagnostic ignored \"-Wnullability-extension\"") \
            _Pragma("clang assume_nonnull begin")
#define CSHIM_ASSUME_NONNULL_END _Pragma("clang assume_nonnull end") _Pragma("clang diagnostic pop")
#define CSHIM_NULLABLE _Nullable
#define CSHIM_CLOSED_ENUM __attribute__((enum_extensibility(closed)))
#define CSHIM_SWIFT_NAME(name) __attribute__((swift_name(name)))
#else
#define CSHIM_ASSUME_NONNULL_BEGIN
#define CSHIM_ASSUME_NONNULL_END
#define CSHIM_NULLABLE
#define CSHIM_CLOSED_ENUM
#define CSHIM_SWIFT_NAME(name)
#endif

#ifdef __cplusplus
#define CSHIM_NOEXCEPT noexcept
extern "C" {
#else
#define CSHIM_NOEXCEPT
#endif

CSHIM_ASSUME_NONNULL_BEGIN

// MARK: - Status and errors

/// The result of a call.
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_STATUS_OK CSHIM_SWIFT_NAME("ok") = 0,
    /// A required pointer is NULL, or a value is out of its range.
    CSHIM_STATUS_INVALID_ARGUMENT CSHIM_SWIFT_NAME("invalidArgument"),
    /// On another thread than the loop's, or in a state in which the call has no meaning.
    CSHIM_STATUS_INVALID_STATE CSHIM_SWIFT_NAME("invalidState"),
    /// The connection, session or link under the handle is gone. Nothing was sent.
    CSHIM_STATUS_NOT_CONNECTED CSHIM_SWIFT_NAME("notConnected"),
    /// The link has no credit. Nothing was sent.
    CSHIM_STATUS_NO_CREDIT CSHIM_SWIFT_NAME("noCredit"),
    /// A limit of the peer is reached.
    CSHIM_STATUS_LIMIT_REACHED CSHIM_SWIFT_NAME("limitReached"),
    /// The performative would exceed the peer's largest frame.
    CSHIM_STATUS_FRAME_TOO_LARGE CSHIM_SWIFT_NAME("frameTooLarge"),
    CSHIM_STATUS_OUT_OF_MEMORY CSHIM_SWIFT_NAME("outOfMemory"),
    /// Proton refused; the description is proton's.
    CSHIM_STATUS_PROTON_ERROR CSHIM_SWIFT_NAME("protonError"),
    /// Something that is not a std::exception was thrown below.
    CSHIM_STATUS_UNKNOWN_EXCEPTION CSHIM_SWIFT_NAME("unknownException")
} cshim_status_t;

/// Why a call failed, by value. Both strings end in a NUL and are cut to fit, between characters.
typedef struct {
    cshim_status_t status;
    /// The type of the exception, or empty.
    char name[64];
    char description[256];
} cshim_error_t;

/// An AMQP error condition (§2.8.14) as the peer, or proton itself, gave it. Borrowed.
typedef struct {
    /// Empty if no condition was given.
    const char *name;
    const char *description;
    /// The encoded info map. NULL if there is none, or it has more than 4096 bytes.
    const uint8_t *CSHIM_NULLABLE info;
    size_t info_size_bytes;
} cshim_condition_t;

// MARK: - Objects

typedef struct cshim_container cshim_container_t;
typedef struct cshim_connection cshim_connection_t;
typedef struct cshim_session cshim_session_t;
typedef struct cshim_sender cshim_sender_t;
/// A step of a login that awaits its answer: see cshim_login.h.
typedef struct cshim_login cshim_login_t;

// MARK: - Callbacks

/// A delivery's terminal state (§3.4).
typedef enum CSHIM_CLOSED_ENUM {
    /// Settled by the peer without a state.
    CSHIM_OUTCOME_NONE CSHIM_SWIFT_NAME("none") = 0,
    CSHIM_OUTCOME_ACCEPTED CSHIM_SWIFT_NAME("accepted"),
    CSHIM_OUTCOME_REJECTED CSHIM_SWIFT_NAME("rejected"),
    CSHIM_OUTCOME_RELEASED CSHIM_SWIFT_NAME("released"),
    CSHIM_OUTCOME_MODIFIED CSHIM_SWIFT_NAME("modified"),
    /// Settled by the peer with a state that is no outcome.
    CSHIM_OUTCOME_UNKNOWN CSHIM_SWIFT_NAME("unknown")
} cshim_outcome_state_t;

/// The outcome of a delivery. Borrowed.
typedef struct {
    cshim_outcome_state_t state;
    /// Modified only.
    bool is_delivery_failed;
    /// Modified only.
    bool is_undeliverable_here;
    /// Rejected only; else both strings are empty.
    cshim_condition_t condition;
    /// Unknown only: the state's descriptor, a symbol, or a number when the symbol is empty.
    uint64_t descriptor;
    const char *descriptor_symbol;
} cshim_outcome_t;

/// A frame (§2.3) that was sent or has come. Borrowed.
typedef struct {
    bool is_incoming;
    /// A SASL frame, without credentials.
    bool is_sasl;
    uint16_t channel;
    /// The performative and the payload; empty in a heartbeat. A peer's may be malformed.
    const uint8_t *CSHIM_NULLABLE body;
    size_t body_size_bytes;
} cshim_frame_t;

/// The way in which a connection ended.
typedef enum CSHIM_CLOSED_ENUM {
    /// The peer sent close, or answered ours.
    CSHIM_CONNECTION_LOSS_CLOSED CSHIM_SWIFT_NAME("closed") = 0,
    /// The transport failed or ended without a close; the condition is proton's own.
    CSHIM_CONNECTION_LOSS_TRANSPORT CSHIM_SWIFT_NAME("transport"),
    /// SASL refused the login: its outcome was 1 or 3 (§5.3.3.6), or no mechanism was begun, or
    /// cshim_login_fail said so.
    CSHIM_CONNECTION_LOSS_AUTHENTICATION CSHIM_SWIFT_NAME("authentication")
} cshim_connection_loss_t;

/// A step of a login by SASL (§5.3.2).
typedef enum CSHIM_CLOSED_ENUM {
    /// The peer's mechanisms, separated by spaces.
    CSHIM_LOGIN_OFFERED CSHIM_SWIFT_NAME("offered") = 0,
    /// A challenge.
    CSHIM_LOGIN_CHALLENGED CSHIM_SWIFT_NAME("challenged"),
    /// The outcome 0, with its additional data. Without an answer the login has succeeded.
    CSHIM_LOGIN_ADMITTED CSHIM_SWIFT_NAME("admitted")
} cshim_login_step_t;

/// The messages that the peer wants settled (§2.8.2).
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_SETTLE_MODE_UNSETTLED CSHIM_SWIFT_NAME("unsettled") = 0,
    CSHIM_SETTLE_MODE_SETTLED CSHIM_SWIFT_NAME("settled") = 1,
    CSHIM_SETTLE_MODE_MIXED CSHIM_SWIFT_NAME("mixed") = 2
} cshim_settle_mode_t;

/// The peer's attach. Borrowed.
typedef struct {
    /// false: the peer refuses the link and a detach follows (§2.6.3).
    bool has_target;
    /// 0: no limit (§2.7.3).
    uint64_t max_message_size_bytes;
    cshim_settle_mode_t settle_mode;
} cshim_link_properties_t;

/// The caller's functions. Every pointer is required; the table is copied.
///
/// An id is the one that the caller made the object with.
typedef struct {
    void *CSHIM_NULLABLE context;
    /// First callback of a run.
    void (*started)(void *CSHIM_NULLABLE context);
    /// cshim_container_wake was called, or the time asked of cshim_container_wake_at has come.
    void (*woken)(void *CSHIM_NULLABLE context);
    /// A look-up has ended: the host's numeric addresses, in the order to try them in; if there are
    /// none, `failure` is the reason. All is borrowed.
    void (*host_looked_up)(void *CSHIM_NULLABLE context, uint64_t lookup_id,
                           const char *CSHIM_NULLABLE const *CSHIM_NULLABLE addresses, size_t count,
                           const char *failure);
    /// A step of the login, before the peer's open. `bytes` are borrowed. The callback answers with
    /// the functions of cshim_login.h, and calls no other of the shim. An offer without an answer
    /// ends the connection; a challenge without one leaves the peer waiting.
    void (*login_stepped)(void *CSHIM_NULLABLE context, uint64_t connection_id,
                          cshim_login_step_t step, const uint8_t *CSHIM_NULLABLE bytes,
                          size_t size_bytes, cshim_login_t *login);
    /// The peer's open came. `peer_container_id` is borrowed.
    void (*connection_opened)(void *CSHIM_NULLABLE context, uint64_t connection_id,
                              const char *peer_container_id);
    /// Once per connection, as its last event before a final batch_ended: the socket is closed.
    /// Conditions "tls:..." are the shim's, for what proton calls a framing error of TLS, and so
    /// are "sasl:...", for a login that the peer could not check. For some ends proton has no
    /// event, as for the end of TCP within a frame: they are reported within 100 ms.
    void (*connection_lost)(void *CSHIM_NULLABLE context, uint64_t connection_id,
                            cshim_connection_loss_t loss, const cshim_condition_t *condition);
    /// The peer ended the session, or answered our end. Its links are gone with it.
    void (*session_lost)(void *CSHIM_NULLABLE context, uint64_t session_id,
                         const cshim_condition_t *condition);
    /// The peer's attach came.
    void (*link_opened)(void *CSHIM_NULLABLE context, uint64_t link_id,
                        const cshim_link_properties_t *properties);
    /// The peer detached the link (§2.6.4), or answered our close.
    /// `is_closed` is false for a detach without close.
    void (*link_lost)(void *CSHIM_NULLABLE context, uint64_t link_id, bool is_closed,
                      const cshim_condition_t *condition);
    /// The outcome of a delivery that is not accepted, at most one per tag; also on a lost link,
    /// until it is freed.
    void (*delivery_updated)(void *CSHIM_NULLABLE context, uint64_t link_id, uint64_t tag,
                             const cshim_outcome_t *outcome);
    /// Deliveries of a link that were accepted, in the order of the peer's dispositions; else the
    /// same. `tags` are borrowed.
    void (*deliveries_accepted)(void *CSHIM_NULLABLE context, uint64_t link_id,
                                const uint64_t *tags, size_t count);
    /// A frame of a traced connection. `frame` is borrowed. The callback must not call the shim.
    void (*frame_traced)(void *CSHIM_NULLABLE context, uint64_t connection_id,
                         const cshim_frame_t *frame);
    /// All events of one read have been reported. New credit and drain requests belong to the batch
    /// and have no event: see cshim_sender_credit. This is the place to send from.
    void (*batch_ended)(void *CSHIM_NULLABLE context, uint64_t connection_id);
    /// The container is freed, and `context` is used no more. Called exactly once.
    void (*release)(void *CSHIM_NULLABLE context);
} cshim_callbacks_t;

// MARK: - Container

/// Version of the proton whose headers this was compiled with, "major.minor.point". Static.
const char *cshim_proton_header_version(void) CSHIM_NOEXCEPT;

/// File of the loaded proton library, whose name ends in the library's own version: proton has no
/// function that returns it. Static; empty if it is unknown.
const char *cshim_proton_library(void) CSHIM_NOEXCEPT;

/// Number of arguments of the process, its own name among them. Any thread.
int cshim_argument_count(void) CSHIM_NOEXCEPT;

/// An argument, from 0 to below the count. Static; any thread.
const char *cshim_argument(int index) CSHIM_NOEXCEPT;

/// The monotonic clock. Any thread.
int64_t cshim_monotonic_milliseconds(void) CSHIM_NOEXCEPT;

/// The same clock in microseconds, to measure by. Any thread.
int64_t cshim_monotonic_microseconds(void) CSHIM_NOEXCEPT;

/// Calls `body` with `context` on a thread of its own, which takes no signals but those that its
/// own calls raise (SIGTTIN and SIGTTOU among them). Any thread. If the call fails, `body` is not
/// called.
cshim_status_t cshim_thread_start(void (*body)(void *CSHIM_NULLABLE context),
                                  void *CSHIM_NULLABLE context,
                                  cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Makes a container.
/// - Ownership: `*container_out` is owned. `container_id` and `callbacks` are copied; if the call
///   fails, `release` is not called.
/// - AMQP: §2.7.1, container-id of every open.
cshim_status_t cshim_container_new(const char *container_id, const cshim_callbacks_t *callbacks,
                                   cshim_container_t *CSHIM_NULLABLE *CSHIM_NULLABLE container_out,
                                   cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Frees the container, its timer thread and the remaining connections, and calls `release`.
/// Must not be called from a callback.
void cshim_container_free(cshim_container_t *CSHIM_NULLABLE container) CSHIM_NOEXCEPT;

/// Runs the loop on the calling thread until cshim_container_stop. Once per container. Blocks.
cshim_status_t cshim_container_run(cshim_container_t *container,
                                   cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Aborts the remaining connections, and ends the run. Loop.
cshim_status_t cshim_container_stop(cshim_container_t *container,
                                    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Whether the calling thread is the loop's, or stands for it while nothing runs. Any thread.
bool cshim_container_is_on_loop(const cshim_container_t *container) CSHIM_NOEXCEPT;

/// Requests one `woken`; calls before it has run are joined into one. Any thread, until
/// cshim_container_free. A call before the run takes effect in the run, one after it has none.
void cshim_container_wake(cshim_container_t *container) CSHIM_NOEXCEPT;

/// Requests `woken` at a time of cshim_monotonic_milliseconds, in place of the time before;
/// INT64_MAX: never. A time in the past means at once. Loop.
cshim_status_t cshim_container_wake_at(cshim_container_t *container, int64_t time_ms,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

CSHIM_ASSUME_NONNULL_END

#ifdef __cplusplus
}
#endif

#endif
