// The C ABI over proton's endpoints: connections, sessions and senders.
// SPDX-License-Identifier: Apache-2.0
//
// The conventions are those of cshim.h.

#ifndef CSHIM_ENDPOINTS_H
#define CSHIM_ENDPOINTS_H

#include "cshim.h"

#ifdef __cplusplus
extern "C" {
#endif

CSHIM_ASSUME_NONNULL_BEGIN

// MARK: - Connection

/// Options of TLS. Strings are copied; NULL or empty: not used. No password is asked for.
typedef struct {
    /// PEM file of the trusted certificate authorities; none: the system's.
    const char *CSHIM_NULLABLE ca_file;
    /// PEM file of the client's certificate.
    const char *CSHIM_NULLABLE certificate_file;
    /// PEM file of the certificate's key; none: it is in the certificate's file.
    const char *CSHIM_NULLABLE key_file;
    const char *CSHIM_NULLABLE key_password;
    /// false: any certificate is accepted.
    bool is_peer_verified;
    /// Name that is verified, and sent in the handshake (SNI); none: the hostname of the open.
    const char *CSHIM_NULLABLE server_name;
} cshim_tls_options_t;

/// A part of TLS options that can't be used.
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_TLS_FAULT_NONE CSHIM_SWIFT_NAME("none") = 0,
    /// The library has no TLS.
    CSHIM_TLS_FAULT_LIBRARY CSHIM_SWIFT_NAME("library"),
    CSHIM_TLS_FAULT_AUTHORITIES CSHIM_SWIFT_NAME("authorities"),
    CSHIM_TLS_FAULT_CERTIFICATE CSHIM_SWIFT_NAME("certificate"),
    CSHIM_TLS_FAULT_KEY CSHIM_SWIFT_NAME("key"),
    /// The key is encrypted, and the password is wrong or missing.
    CSHIM_TLS_FAULT_KEY_PASSWORD CSHIM_SWIFT_NAME("keyPassword"),
    /// The key does not belong to the certificate.
    CSHIM_TLS_FAULT_KEY_MISMATCH CSHIM_SWIFT_NAME("keyMismatch")
} cshim_tls_fault_t;

/// Returns the first fault of the files, which it reads. Any thread.
cshim_tls_fault_t cshim_tls_check(const cshim_tls_options_t *options) CSHIM_NOEXCEPT;

/// Looks up the addresses of a host on a thread of its own: host_looked_up follows, also for a host
/// that is an address. The look-up has no limit and can't be stopped; neither the loop nor the end
/// of the program waits for it. A look-up of a name that is being looked up joins that one. Loop.
/// - Ownership: `host` is copied.
cshim_status_t cshim_container_look_up(cshim_container_t *container, uint64_t lookup_id,
                                       const char *host,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Options of a connection. Strings are copied; NULL or empty: not used.
typedef struct {
    /// Name or address; an IPv6 address without brackets. Required.
    const char *host;
    /// Numeric address of the host; none: the host is looked up, which blocks the loop.
    const char *CSHIM_NULLABLE address;
    uint16_t port;
    /// hostname of the open (§2.7.1); none: the host.
    const char *CSHIM_NULLABLE virtual_host;
    /// Time that the peer may be silent before the connection is lost. The open advertises half of
    /// it (§2.4.5). 0: no limit.
    uint32_t idle_timeout_ms;
    /// Largest frame that the peer may send. 0: 65536.
    uint32_t max_frame_size_bytes;
    /// true: frames are reported.
    bool is_traced;
    /// NULL: no TLS.
    const cshim_tls_options_t *CSHIM_NULLABLE tls;
} cshim_connection_options_t;

/// Begins to connect, and sends the open. Loop, once the run has begun. A failure to connect is
/// reported as connection_lost.
/// - Ownership: `*connection_out` is owned. `options` is copied.
cshim_status_t cshim_container_connect(
    cshim_container_t *container, uint64_t connection_id, const cshim_connection_options_t *options,
    cshim_connection_t *CSHIM_NULLABLE *CSHIM_NULLABLE connection_out,
    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// The kind of a detail.
typedef enum CSHIM_CLOSED_ENUM {
    /// A symbol that the peer offers (§2.7.1), or that the target has (§3.5.4); there is no key.
    CSHIM_DETAIL_CAPABILITY CSHIM_SWIFT_NAME("capability") = 0,
    /// One of the connection's properties (§2.7.1).
    CSHIM_DETAIL_PROPERTY CSHIM_SWIFT_NAME("property"),
    /// The target's address (§3.5.4); there is no key.
    CSHIM_DETAIL_ADDRESS CSHIM_SWIFT_NAME("address")
} cshim_detail_t;

/// Receives one detail. `key` is empty if there is none; both strings are borrowed.
typedef void (*cshim_detail_visitor_t)(void *CSHIM_NULLABLE context, cshim_detail_t detail,
                                       const char *key, const char *value);

/// The peer's limits on frames and heartbeats (§2.7.1).
typedef struct {
    /// Largest frame that the peer accepts. 0: no limit.
    uint32_t max_frame_size_bytes;
    /// A silence after which the peer ends the connection. 0: no limit.
    uint32_t idle_timeout_ms;
} cshim_peer_limits_t;

/// Visits the details of the peer's open, from connection_opened until the connection is lost.
/// Loop. Left out are properties that are not text, number or boolean, details beyond 64, and what
/// exceeds 4 KiB of one. CSHIM_STATUS_INVALID_STATE before the open has come.
cshim_status_t cshim_connection_describe_peer(
    cshim_connection_t *connection, cshim_detail_visitor_t visit, void *CSHIM_NULLABLE context,
    cshim_peer_limits_t *limits_out, cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Sends close (§2.4.3). connection_lost follows when the peer has answered. Loop.
cshim_status_t cshim_connection_close(cshim_connection_t *connection,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Closes the transport without waiting for the peer; connection_lost follows at once. Loop.
cshim_status_t cshim_connection_abort(cshim_connection_t *connection,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Frees the handle. A connection that is not lost is aborted. Loop.
void cshim_connection_free(cshim_connection_t *CSHIM_NULLABLE connection) CSHIM_NOEXCEPT;

// MARK: - Session

/// Sends begin (§2.7.2) on a new session, never proton's default session. Loop.
/// CSHIM_STATUS_PROTON_ERROR if the peer allows no more sessions; one that was freed before its
/// begin was answered still counts.
/// - Ownership: `*session_out` is owned.
cshim_status_t cshim_connection_open_session(
    cshim_connection_t *connection, uint64_t session_id,
    cshim_session_t *CSHIM_NULLABLE *CSHIM_NULLABLE session_out,
    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Whether the peer's begin has come. Loop. false if the session is gone.
bool cshim_session_is_answered(cshim_session_t *session) CSHIM_NOEXCEPT;

/// Bytes of transfers that were sent on the session's links and not passed to the transport yet;
/// while there are any, proton holds detach and end back. Loop. 0 if the session is gone.
///
/// Settled messages count until all of them have left for the socket: nothing else bounds the
/// transport's backlog if the peer does not read. Until then the count includes some that have
/// left.
size_t cshim_session_outgoing_bytes(cshim_session_t *session) CSHIM_NOEXCEPT;

/// Whether everything that was sent on the session has left for the socket. Loop. False if the
/// session is gone.
bool cshim_session_has_all_left(cshim_session_t *session) CSHIM_NOEXCEPT;

/// Sends end (§2.7.8), and frees the handle, with proton's memory for the session and its links.
/// Senders of the session count as lost. The end is sent once the peer's begin has come, and the
/// memory is freed once its end has. Loop.
void cshim_session_free(cshim_session_t *CSHIM_NULLABLE session) CSHIM_NOEXCEPT;

// MARK: - Sender

/// Durability of the target (§3.5.5).
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_DURABILITY_NONE CSHIM_SWIFT_NAME("none") = 0,
    CSHIM_DURABILITY_CONFIGURATION CSHIM_SWIFT_NAME("configuration") = 1,
    CSHIM_DURABILITY_UNSETTLED_STATE CSHIM_SWIFT_NAME("unsettledState") = 2
} cshim_durability_t;

/// Options of a sender. Strings are copied.
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

/// Sends attach (§2.7.3) for a sending link. Loop. CSHIM_STATUS_LIMIT_REACHED if the peer allows no
/// more links on the session (handle-max, §2.7.2), and CSHIM_STATUS_FRAME_TOO_LARGE if the attach
/// exceeds its largest frame (§2.7.1).
/// - Ownership: `*sender_out` is owned. `options` is copied.
cshim_status_t cshim_session_open_sender(cshim_session_t *session, uint64_t link_id,
                                         const cshim_sender_options_t *options,
                                         cshim_sender_t *CSHIM_NULLABLE *CSHIM_NULLABLE sender_out,
                                         cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// The remaining credit (§2.6.7), and whether the peer asks to drain it. Loop.
/// 0 and false if the link is lost, or if a loss was read and is not reported yet. (A detach
/// without close and without condition is not visible before it is reported: send from
/// batch_ended.)
int32_t cshim_sender_credit(cshim_sender_t *sender, bool *is_draining_out) CSHIM_NOEXCEPT;

/// Visits the details of the target in the peer's attach, with the limits of
/// cshim_connection_describe_peer. Loop. CSHIM_STATUS_INVALID_STATE before link_opened.
cshim_status_t cshim_sender_describe_target(cshim_sender_t *sender, cshim_detail_visitor_t visit,
                                            void *CSHIM_NULLABLE context,
                                            cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Sends one message, unsettled except on a pre-settled link. Returns before the peer has read it.
/// Loop. If the link is lost before the outcome comes, none comes: the message is in doubt
/// (§2.6.13). A settled message is freed once it has left; batch_ended follows when some have.
/// - Ownership: `bytes` are copied.
/// - Precondition: `tag` is unique among the link's unsettled deliveries (§2.6.12). On the wire it
///   is the eight bytes of the number, the most significant first. There is at least one byte.
cshim_status_t cshim_sender_send(cshim_sender_t *sender, uint64_t tag, const uint8_t *bytes,
                                 size_t size_bytes,
                                 cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Sends bytes of a message of `total_bytes`, from `offset_bytes` on, as cshim_sender_send does
/// with all of them. Loop. The pieces of a message follow one another, and no other message begins
/// on the link before the last one. Proton keeps each until it has left: send the next one when
/// cshim_session_has_all_left; batch_ended follows when some have.
/// An outcome may come before the last piece (§2.6.14): the delivery is then aborted, and no piece
/// of it may follow. One that is accepted before its end is the peer's fault, and ends the
/// connection.
cshim_status_t cshim_sender_send_piece(cshim_sender_t *sender, uint64_t tag, const uint8_t *bytes,
                                       size_t size_bytes, size_t offset_bytes, size_t total_bytes,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Aborts the delivery of which pieces were sent, and not the last one: the peer forgets it
/// (§2.6.14), and no outcome comes. Loop. CSHIM_STATUS_INVALID_STATE if it has ended.
cshim_status_t cshim_sender_abort_delivery(cshim_sender_t *sender, uint64_t tag,
                                           cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Answers a drain: gives the remaining credit back (§2.6.7). Loop.
cshim_status_t cshim_sender_return_credit(cshim_sender_t *sender,
                                          cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Sends detach with closed=true. link_lost follows when the peer has answered. Loop.
cshim_status_t cshim_sender_close(cshim_sender_t *sender,
                                  cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Frees the handle; later outcomes are not reported. An open link is closed, and proton's memory
/// for it freed once the peer has detached it as well, or with its session. A link whose attach was
/// not answered stays until its session is freed, to close the link if the attach comes. Loop.
void cshim_sender_free(cshim_sender_t *CSHIM_NULLABLE sender) CSHIM_NOEXCEPT;

CSHIM_ASSUME_NONNULL_END

#ifdef __cplusplus
}
#endif

#endif
