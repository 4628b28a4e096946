// The C ABI over qpid-proton-cpp: containers, connections, sessions and senders without policy.
// SPDX-License-Identifier: Apache-2.0
//
// What is sent is encoded with cshim_encoder.h.
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
//    it holds: cshim_container_wake and cshim_monotonic_milliseconds. Before the run begins and
//    after it ends, the caller's one thread stands for the loop.
// 6. Callbacks run on the loop, one at a time, and may call every loop function but
//    cshim_container_run and cshim_container_free. Nothing is reported for a handle after its
//    _free.
// 7. Units: times in milliseconds of the monotonic clock, sizes in bytes, credit in messages.
//
// What is done for the caller: what is asked of a connection outside its own callbacks leaves at
// once; terminal outcomes are settled, and the non-terminal `received` is ignored; an attach that
// comes for a sender that was freed is answered with a close, and so is what a peer opens itself.

#ifndef CSHIM_H
#define CSHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define CSHIM_ASSUME_NONNULL_BEGIN                                \
    _Pragma("clang diagnostic push")                              \
    _Pragma("clang diagnostic ignored \"-Wnullability-extension\"") \
    _Pragma("clang assume_nonnull begin")
#define CSHIM_ASSUME_NONNULL_END \
    _Pragma("clang assume_nonnull end") _Pragma("clang diagnostic pop")
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

/// What a call came to.
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_STATUS_OK CSHIM_SWIFT_NAME("ok") = 0,
    /// A required pointer is NULL, or a value is out of its range.
    CSHIM_STATUS_INVALID_ARGUMENT CSHIM_SWIFT_NAME("invalidArgument"),
    /// Not on the loop's thread, or the object is not in a state in which the call means anything.
    CSHIM_STATUS_INVALID_STATE CSHIM_SWIFT_NAME("invalidState"),
    /// The connection, session or link under the handle is gone. Nothing was sent.
    CSHIM_STATUS_NOT_CONNECTED CSHIM_SWIFT_NAME("notConnected"),
    /// The link has no credit. Nothing was sent.
    CSHIM_STATUS_NO_CREDIT CSHIM_SWIFT_NAME("noCredit"),
    /// The caller's buffer is too small; the size that is needed was stored.
    CSHIM_STATUS_BUFFER_TOO_SMALL CSHIM_SWIFT_NAME("bufferTooSmall"),
    CSHIM_STATUS_OUT_OF_MEMORY CSHIM_SWIFT_NAME("outOfMemory"),
    /// Proton refused; the description is proton's.
    CSHIM_STATUS_PROTON_ERROR CSHIM_SWIFT_NAME("protonError"),
    /// Something that is not a std::exception was thrown below.
    CSHIM_STATUS_UNKNOWN_EXCEPTION CSHIM_SWIFT_NAME("unknownException")
} cshim_status_t;

/// Why a call failed, by value. Both strings end in a NUL and are cut to fit, between characters.
typedef struct {
    cshim_status_t status;
    /// What was thrown below, or empty.
    char name[64];
    char description[256];
} cshim_error_t;

/// An AMQP error condition (§2.8.14) as the peer, or proton itself, gave it. Borrowed.
typedef struct {
    /// Empty when no condition was given.
    const char *name;
    const char *description;
} cshim_condition_t;

// MARK: - Objects

typedef struct cshim_container cshim_container_t;
typedef struct cshim_connection cshim_connection_t;
typedef struct cshim_session cshim_session_t;
typedef struct cshim_sender cshim_sender_t;

// MARK: - Callbacks

/// A delivery's terminal state (§3.4).
typedef enum CSHIM_CLOSED_ENUM {
    /// Settled by the peer without a state.
    CSHIM_OUTCOME_NONE CSHIM_SWIFT_NAME("none") = 0,
    CSHIM_OUTCOME_ACCEPTED CSHIM_SWIFT_NAME("accepted"),
    CSHIM_OUTCOME_REJECTED CSHIM_SWIFT_NAME("rejected"),
    CSHIM_OUTCOME_RELEASED CSHIM_SWIFT_NAME("released"),
    CSHIM_OUTCOME_MODIFIED CSHIM_SWIFT_NAME("modified")
} cshim_outcome_state_t;

/// What became of one delivery. Borrowed.
typedef struct {
    cshim_outcome_state_t state;
    /// Modified only.
    bool is_delivery_failed;
    /// Modified only.
    bool is_undeliverable_here;
    /// Rejected only; else both strings are empty.
    cshim_condition_t condition;
} cshim_outcome_t;

/// How a connection ended.
typedef enum CSHIM_CLOSED_ENUM {
    /// The peer sent close, or answered ours.
    CSHIM_CONNECTION_LOSS_CLOSED CSHIM_SWIFT_NAME("closed") = 0,
    /// The transport failed or ended without a close; the condition is proton's own.
    CSHIM_CONNECTION_LOSS_TRANSPORT CSHIM_SWIFT_NAME("transport"),
    /// SASL refused us.
    CSHIM_CONNECTION_LOSS_AUTHENTICATION CSHIM_SWIFT_NAME("authentication")
} cshim_connection_loss_t;

/// What the peer said when it opened its end of a link. Borrowed.
typedef struct {
    /// false: the peer refuses the link and a detach follows (§2.6.3).
    bool has_target;
    /// 0: no limit (§2.7.3).
    uint64_t max_message_size_bytes;
    /// false: the peer wants every message unsettled (§2.8.2).
    bool takes_settled;
} cshim_link_properties_t;

/// The caller's functions. Every pointer is required; the table is copied.
///
/// An id is the one that the caller gave when it made the object.
typedef struct {
    void *CSHIM_NULLABLE context;
    /// First callback of a run.
    void (*started)(void *CSHIM_NULLABLE context);
    /// cshim_container_wake was called, or the time asked of cshim_container_wake_at has come.
    void (*woken)(void *CSHIM_NULLABLE context);
    /// The peer's open came. `peer_container_id` is borrowed.
    void (*connection_opened)(void *CSHIM_NULLABLE context, uint64_t connection_id,
                              const char *peer_container_id);
    /// Once per connection, as its last event but for a final batch_ended: the socket is gone.
    /// A condition "tls:..." is ours, for what proton calls a framing error of TLS.
    /// Proton has no event for some ends, as that of TCP within a frame: those come within a second.
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
    /// The outcome of a delivery, at most one per tag, also of a link that was lost and not freed
    /// yet.
    void (*delivery_updated)(void *CSHIM_NULLABLE context, uint64_t link_id, uint64_t tag,
                             const cshim_outcome_t *outcome);
    /// A frame of a connection that is traced, or the like, as proton writes it; what SASL sends is
    /// left out of it. `line` is borrowed. Nothing must be asked of the shim here.
    void (*frame_traced)(void *CSHIM_NULLABLE context, uint64_t connection_id, const char *line);
    /// All events that were read together have been reported, new credit and drain requests among
    /// them (ask cshim_sender_credit). The place to send from.
    void (*batch_ended)(void *CSHIM_NULLABLE context, uint64_t connection_id);
    /// The container is gone, and with it the last use of `context`. Called exactly once.
    void (*release)(void *CSHIM_NULLABLE context);
} cshim_callbacks_t;

// MARK: - Container

/// Version of the proton library, "major.minor.point". Static.
const char *cshim_proton_version(void) CSHIM_NOEXCEPT;

/// The monotonic clock. Any thread.
int64_t cshim_monotonic_milliseconds(void) CSHIM_NOEXCEPT;

/// Makes a container.
/// - Ownership: `*container_out` is owned. `container_id` and `callbacks` are copied; when the call
///   fails, `release` is not called.
/// - AMQP: §2.7.1, container-id of every open.
cshim_status_t cshim_container_new(const char *container_id, const cshim_callbacks_t *callbacks,
                                   cshim_container_t *CSHIM_NULLABLE *CSHIM_NULLABLE container_out,
                                   cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Frees the container, its timer thread and every connection that is left, and calls `release`.
/// Must not be called from a callback.
void cshim_container_free(cshim_container_t *CSHIM_NULLABLE container) CSHIM_NOEXCEPT;

/// Runs the loop on the calling thread until cshim_container_stop. Once per container. Blocks.
cshim_status_t cshim_container_run(cshim_container_t *container,
                                   cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Ends the run, after what is left of connections was aborted. Loop.
cshim_status_t cshim_container_stop(cshim_container_t *container,
                                    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Asks for one `woken`; calls that come before it has run are folded into one. Any thread, until
/// cshim_container_free. Before the run has begun it is kept, after its end it does nothing.
void cshim_container_wake(cshim_container_t *container) CSHIM_NOEXCEPT;

/// Asks for `woken` at a time of cshim_monotonic_milliseconds, in place of the time asked for
/// before; INT64_MAX: none. A time in the past means at once. Loop.
cshim_status_t cshim_container_wake_at(cshim_container_t *container, int64_t time_ms,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

// MARK: - Connection

/// TLS of one connection. Strings are copied; NULL or empty: not used. Nobody is asked for a
/// password.
typedef struct {
    /// PEM file of certificate authorities that are trusted beside the system's.
    const char *CSHIM_NULLABLE ca_file;
    /// PEM file of the client's certificate.
    const char *CSHIM_NULLABLE certificate_file;
    /// PEM file of the certificate's key; none: it is in the certificate's file.
    const char *CSHIM_NULLABLE key_file;
    const char *CSHIM_NULLABLE key_password;
    /// false: any certificate will do.
    bool is_peer_verified;
} cshim_tls_options_t;

/// What can't be used of TLS options.
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_TLS_FAULT_NONE CSHIM_SWIFT_NAME("none") = 0,
    /// There is no TLS at all.
    CSHIM_TLS_FAULT_LIBRARY CSHIM_SWIFT_NAME("library"),
    CSHIM_TLS_FAULT_AUTHORITIES CSHIM_SWIFT_NAME("authorities"),
    CSHIM_TLS_FAULT_CERTIFICATE CSHIM_SWIFT_NAME("certificate"),
    CSHIM_TLS_FAULT_KEY CSHIM_SWIFT_NAME("key"),
    /// The key is encrypted, with another password or, if none was given, with any.
    CSHIM_TLS_FAULT_KEY_PASSWORD CSHIM_SWIFT_NAME("keyPassword"),
    /// The key is another certificate's.
    CSHIM_TLS_FAULT_KEY_MISMATCH CSHIM_SWIFT_NAME("keyMismatch")
} cshim_tls_fault_t;

/// Whether the files can be used, before anybody connects. Any thread. Reads the files.
cshim_tls_fault_t cshim_tls_check(const cshim_tls_options_t *options) CSHIM_NOEXCEPT;

/// How to connect. Strings are copied; NULL or empty: not used.
typedef struct {
    /// Name or address, an IPv6 address without brackets. Required.
    const char *host;
    uint16_t port;
    const char *CSHIM_NULLABLE user;
    const char *CSHIM_NULLABLE password;
    /// Space separated names of SASL mechanisms; none: the library's choice.
    const char *CSHIM_NULLABLE sasl_mechanisms;
    /// true: PLAIN may go over a connection without TLS.
    bool is_insecure_authentication_allowed;
    /// hostname of the open (§2.7.1) and name that TLS verifies; none: the host.
    const char *CSHIM_NULLABLE virtual_host;
    /// A peer that is silent for so long is lost, and so it is told (§2.4.5). 0: none.
    uint32_t idle_timeout_ms;
    /// 0: the library's default.
    uint32_t max_frame_size_bytes;
    /// true: frames are reported.
    bool is_traced;
    /// NULL: no TLS.
    const cshim_tls_options_t *CSHIM_NULLABLE tls;
} cshim_connection_options_t;

/// Begins to connect and sends the open. Loop, once the run has begun.
/// A failure to connect comes as connection_lost. Looking up the name of a host blocks the loop.
/// - Ownership: `*connection_out` is owned. `options` is copied.
cshim_status_t cshim_container_connect(cshim_container_t *container, uint64_t connection_id,
                                       const cshim_connection_options_t *options,
                                       cshim_connection_t *CSHIM_NULLABLE *CSHIM_NULLABLE
                                           connection_out,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// What a detail is about.
typedef enum CSHIM_CLOSED_ENUM {
    /// A symbol that the peer offers (§2.7.1), or that the target has (§3.5.4); there is no key.
    CSHIM_DETAIL_CAPABILITY CSHIM_SWIFT_NAME("capability") = 0,
    /// One of the connection's properties (§2.7.1).
    CSHIM_DETAIL_PROPERTY CSHIM_SWIFT_NAME("property"),
    /// The target's address (§3.5.4); there is no key.
    CSHIM_DETAIL_ADDRESS CSHIM_SWIFT_NAME("address")
} cshim_detail_t;

/// Is given one detail. `key` is empty where there is none; both strings are borrowed.
typedef void (*cshim_detail_visitor_t)(void *CSHIM_NULLABLE context, cshim_detail_t detail,
                                       const char *key, const char *value);

/// What the peer's open says of frames and heartbeats (§2.7.1).
typedef struct {
    /// Largest frame that the peer takes. 0: no limit.
    uint32_t max_frame_size_bytes;
    /// A silence after which the peer gives up. 0: none.
    uint32_t idle_timeout_ms;
} cshim_peer_limits_t;

/// Visits what the peer's open says, from connection_opened on until the connection is lost. Loop.
/// Properties that are no text, number or boolean are left out, and so is what is beyond 64 details
/// or, of one, beyond 4 KiB. CSHIM_STATUS_INVALID_STATE before the open has come.
cshim_status_t cshim_connection_describe_peer(cshim_connection_t *connection,
                                              cshim_detail_visitor_t visit,
                                              void *CSHIM_NULLABLE context,
                                              cshim_peer_limits_t *limits_out,
                                              cshim_error_t *CSHIM_NULLABLE error_out)
    CSHIM_NOEXCEPT;

/// Sends close (§2.4.3). connection_lost follows when the peer has answered. Loop.
cshim_status_t cshim_connection_close(cshim_connection_t *connection,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Ends the connection without the peer's help; connection_lost follows at once. Proton can do
/// this only for all connections of the container together, so it does. Loop.
cshim_status_t cshim_connection_abort(cshim_connection_t *connection,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Gives the handle back. A connection that is not lost yet is aborted. Loop.
void cshim_connection_free(cshim_connection_t *CSHIM_NULLABLE connection) CSHIM_NOEXCEPT;

// MARK: - Session

/// Sends begin (§2.7.2) on a session of its own, never proton's default session. Loop.
/// - Ownership: `*session_out` is owned.
cshim_status_t cshim_connection_open_session(
    cshim_connection_t *connection, uint64_t session_id,
    cshim_session_t *CSHIM_NULLABLE *CSHIM_NULLABLE session_out,
    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Bytes of transfers that were sent on the session's links and have not left for the transport
/// yet; while there are any, proton holds back detach and end. Loop. 0 when the session is gone.
///
/// Settled messages count until all of them have left for the socket: nobody else bounds what waits
/// in the transport when the peer does not read. In between it is more than what has not left.
size_t cshim_session_outgoing_bytes(cshim_session_t *session) CSHIM_NOEXCEPT;

/// Sends end (§2.7.8), and gives the handle back with all that proton keeps for the session and
/// its links. Senders of the session count as lost. The end waits for the begin that is on its way,
/// and the memory for the peer's end. Loop.
void cshim_session_free(cshim_session_t *CSHIM_NULLABLE session) CSHIM_NOEXCEPT;

// MARK: - Sender

/// How durable the target keeps its state (§3.5.5).
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_DURABILITY_NONE CSHIM_SWIFT_NAME("none") = 0,
    CSHIM_DURABILITY_CONFIGURATION CSHIM_SWIFT_NAME("configuration") = 1,
    CSHIM_DURABILITY_UNSETTLED_STATE CSHIM_SWIFT_NAME("unsettledState") = 2
} cshim_durability_t;

/// What to attach to. Strings are copied.
typedef struct {
    /// Link name, unique between the two containers (§2.6.1). Required.
    const char *name;
    /// Address of the target. Required.
    const char *address;
    cshim_durability_t target_durability;
    /// Capabilities asked of the target, `capability_count` of them.
    const char *CSHIM_NULLABLE const *CSHIM_NULLABLE capabilities;
    size_t capability_count;
    /// true: every message is sent settled, and has no outcome (§2.8.2).
    bool is_pre_settled;
} cshim_sender_options_t;

/// Sends attach (§2.7.3) for a sending link. Loop.
/// - Ownership: `*sender_out` is owned. `options` is copied.
cshim_status_t cshim_session_open_sender(cshim_session_t *session, uint64_t link_id,
                                         const cshim_sender_options_t *options,
                                         cshim_sender_t *CSHIM_NULLABLE *CSHIM_NULLABLE sender_out,
                                         cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Credit that is left (§2.6.7), and whether the peer asks to drain it. Loop.
/// 0 and false when the link is lost, or when a loss was read and is not reported yet. (A detach
/// without close and without condition can't be seen before it is reported: send from batch_ended.)
int32_t cshim_sender_credit(cshim_sender_t *sender, bool *is_draining_out) CSHIM_NOEXCEPT;

/// Visits what the peer's attach says of the target, with the limits of
/// cshim_connection_describe_peer. Loop. CSHIM_STATUS_INVALID_STATE before link_opened.
cshim_status_t cshim_sender_describe_target(cshim_sender_t *sender, cshim_detail_visitor_t visit,
                                            void *CSHIM_NULLABLE context,
                                            cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Sends one message, unsettled but on a pre-settled link. Returns before the peer has seen it. Loop.
/// If the link is lost before its outcome comes, none comes: the message is in doubt (§2.6.13). Of
/// what is sent settled nothing is kept once it has left; batch_ended follows when some has.
/// - Ownership: `bytes` are copied.
/// - Precondition: `tag` is unique among the link's unsettled deliveries (§2.6.12). On the wire it
///   is the eight bytes of the number, the most significant first. There is at least one byte.
cshim_status_t cshim_sender_send(cshim_sender_t *sender, uint64_t tag, const uint8_t *bytes,
                                 size_t size_bytes,
                                 cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Answers a drain: gives back the credit that is left (§2.6.7). Loop.
cshim_status_t cshim_sender_return_credit(cshim_sender_t *sender,
                                          cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Sends detach with closed=true. link_lost follows when the peer has answered. Loop.
cshim_status_t cshim_sender_close(cshim_sender_t *sender,
                                  cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Gives the handle back. Outcomes that come later are not reported any more. A link that is open
/// is closed; what proton keeps for it is freed once the peer has detached it, too, or with its
/// session. A link whose attach was not answered stays to close what comes, and goes with its
/// session. Loop.
void cshim_sender_free(cshim_sender_t *CSHIM_NULLABLE sender) CSHIM_NOEXCEPT;

CSHIM_ASSUME_NONNULL_END

#ifdef __cplusplus
}
#endif

#endif
