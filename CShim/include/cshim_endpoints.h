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

/// TLS of one connection. Strings are copied; NULL or empty: not used. Nobody is asked for a
/// password.
typedef struct {
    /// PEM file of certificate authorities that are trusted, and no others; none: the
    /// system's.
    const char *CSHIM_NULLABLE ca_file;
    /// PEM file of the client's certificate.
    const char *CSHIM_NULLABLE certificate_file;
    /// PEM file of the certificate's key; none: it is in the certificate's file.
    const char *CSHIM_NULLABLE key_file;
    const char *CSHIM_NULLABLE key_password;
    /// false: any certificate will do.
    bool is_peer_verified;
    /// Name that is verified, and sent in the handshake (SNI); none: the hostname of the open.
    const char *CSHIM_NULLABLE server_name;
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

/// Looks up the addresses of a host, beside the loop: host_looked_up follows, also for a host that
/// is an address. There is no limit and no way to stop it, but nothing waits for it: not the loop,
/// nor the end of the program. A look-up of a name that is being looked up joins that one. Loop.
/// - Ownership: `host` is copied.
cshim_status_t cshim_container_look_up(cshim_container_t *container, uint64_t lookup_id,
                                       const char *host,
                                       cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// How to connect. Strings are copied; NULL or empty: not used.
typedef struct {
    /// Name or address, an IPv6 address without brackets. Required.
    const char *host;
    /// Numeric address of the host. None: the host is looked up, which blocks the loop.
    const char *CSHIM_NULLABLE address;
    uint16_t port;
    const char *CSHIM_NULLABLE user;
    const char *CSHIM_NULLABLE password;
    /// Space separated names of SASL mechanisms; none: the library's choice.
    const char *CSHIM_NULLABLE sasl_mechanisms;
    /// true: PLAIN may go over a connection without TLS.
    bool is_insecure_authentication_allowed;
    /// hostname of the open (§2.7.1); none: the host.
    const char *CSHIM_NULLABLE virtual_host;
    /// A peer that is silent for so long is lost, and so it is told (§2.4.5). 0: none.
    uint32_t idle_timeout_ms;
    /// Largest frame that the peer may send. 0: 65536.
    uint32_t max_frame_size_bytes;
    /// true: frames are reported.
    bool is_traced;
    /// NULL: no TLS.
    const cshim_tls_options_t *CSHIM_NULLABLE tls;
} cshim_connection_options_t;

/// Begins to connect and sends the open. Loop, once the run has begun.
/// A failure to connect comes as connection_lost.
/// - Ownership: `*connection_out` is owned. `options` is copied.
cshim_status_t cshim_container_connect(
    cshim_container_t *container, uint64_t connection_id, const cshim_connection_options_t *options,
    cshim_connection_t *CSHIM_NULLABLE *CSHIM_NULLABLE connection_out,
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
cshim_status_t cshim_connection_describe_peer(
    cshim_connection_t *connection, cshim_detail_visitor_t visit, void *CSHIM_NULLABLE context,
    cshim_peer_limits_t *limits_out, cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Sends close (§2.4.3). connection_lost follows when the peer has answered. Loop.
cshim_status_t cshim_connection_close(cshim_connection_t *connection,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Ends the connection without the peer's help; connection_lost follows at once. Loop.
cshim_status_t cshim_connection_abort(cshim_connection_t *connection,
                                      cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Gives the handle back. A connection that is not lost yet is aborted. Loop.
void cshim_connection_free(cshim_connection_t *CSHIM_NULLABLE connection) CSHIM_NOEXCEPT;

// MARK: - Session

/// Sends begin (§2.7.2) on a session of its own, never proton's default session. Loop.
/// CSHIM_STATUS_PROTON_ERROR when the peer allows no more of them; one that was freed before its
/// begin was answered still counts.
/// - Ownership: `*session_out` is owned.
cshim_status_t cshim_connection_open_session(
    cshim_connection_t *connection, uint64_t session_id,
    cshim_session_t *CSHIM_NULLABLE *CSHIM_NULLABLE session_out,
    cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Whether the peer's begin has come. Loop. false when the session is gone.
bool cshim_session_is_answered(cshim_session_t *session) CSHIM_NOEXCEPT;

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

/// Sends attach (§2.7.3) for a sending link. Loop. CSHIM_STATUS_LIMIT_REACHED when the peer allows
/// no more links on the session (handle-max, §2.7.2), and CSHIM_STATUS_FRAME_TOO_LARGE when the
/// attach is larger than its largest frame (§2.7.1).
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

/// Sends one message, unsettled but on a pre-settled link. Returns before the peer has seen it.
/// Loop. If the link is lost before its outcome comes, none comes: the message is in doubt
/// (§2.6.13). Of what is sent settled nothing is kept once it has left; batch_ended follows when
/// some has.
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
