// Sending links.
// SPDX-License-Identifier: Apache-2.0

#include <proton/delivery.h>
#include <proton/delivery_mode.hpp>
#include <proton/sender_options.hpp>
#include <proton/symbol.hpp>
#include <proton/target.hpp>
#include <proton/target_options.hpp>
#include <proton/transport.h>

#include <endian.h>

#include <cstring>
#include <memory>
#include <vector>

#include "Access.hpp"
#include "Objects.hpp"

using namespace cshim;

bool cshim_sender::is_usable() const noexcept {
    return link && !is_lost && !is_closing && session->is_usable();
}

bool cshim_sender::is_ended_by_us() const noexcept {
    return is_closing || !session->is_owned || session->connection->is_closing;
}

int32_t cshim_sender::credit() noexcept {
    // Credit is negative if the peer took back more than was left, or if it granted 2^31 or more,
    // which means no limit to some peers. Before the first message only the second is possible.
    const int32_t credit = pn_link_credit(link);
    if (!has_sent) is_unlimited = credit < 0;
    if (credit >= 0) return credit;
    return is_unlimited ? INT32_MAX : 0;
}

bool cshim_sender::has_news() noexcept {
    return credit() != seen_credit || pn_link_get_drain(link) != is_seen_draining;
}

void cshim_sender::abort_partial() noexcept {
    pn_delivery_abort(partial);
    partial = nullptr;
    // Proton has taken the credit that the delivery would have used.
    seen_credit = credit();
}

void cshim_sender::detach() noexcept {
    session->senders.remove(*this);
    session = nullptr;
    partial = nullptr;
    pn_link_set_context(link, nullptr);
    pn_decref(link);
    link = nullptr;
    if (!is_owned) delete this;
}

namespace {

constexpr Result link_gone{CSHIM_STATUS_NOT_CONNECTED, "the link is gone"};

/// Whether a loss was read, whose event may follow the one that is being reported.
bool is_loss_read(const cshim_sender &sender) noexcept {
    pn_transport_t *const transport =
        pn_connection_transport(sender.session->connection->connection);
    return (pn_link_state(sender.link) & PN_REMOTE_CLOSED) ||
           pn_condition_is_set(pn_link_remote_condition(sender.link)) ||
           (transport && pn_transport_tail_closed(transport));
}

/// Whether messages can be sent on the link, but for credit.
bool may_send(cshim_sender &sender) noexcept {
    const uint64_t callback = sender.session->connection->container->callback_count;
    if (sender.checked_in != callback) {
        if (!sender.is_usable() || is_loss_read(sender)) return false;
        sender.checked_in = callback;
    }
    return !sender.is_ended_by_us();
}

bool is_on_loop(const cshim_sender &sender) noexcept {
    return sender.session->connection->container->is_on_loop();
}

proton::sender_options options_of(const cshim_sender_options_t &options) {
    proton::target_options target;
    using Durability = enum proton::target::durability_mode;
    target.durability_mode(static_cast<Durability>(options.target_durability));
    if (options.capability_count > 0) {
        std::vector<proton::symbol> capabilities;
        for (size_t i = 0; i < options.capability_count; i += 1) {
            capabilities.emplace_back(options.capabilities[i]);
        }
        target.capabilities(capabilities);
    }
    return proton::sender_options()
        .name(options.name)
        .target(target)
        .delivery_mode(options.is_pre_settled ? proton::delivery_mode::AT_MOST_ONCE
                                              : proton::delivery_mode::AT_LEAST_ONCE)
        .auto_settle(false);
}

Result check(const cshim_sender_options_t &options) noexcept {
    if (!is_given(options.name)) return {CSHIM_STATUS_INVALID_ARGUMENT, "the link has no name"};
    if (!is_given(options.address)) {
        return {CSHIM_STATUS_INVALID_ARGUMENT, "the target has no address"};
    }
    if (options.capability_count > 0 && !options.capabilities) return null_argument;
    for (size_t i = 0; i < options.capability_count; i += 1) {
        if (!options.capabilities[i]) return null_argument;
    }
    if (options.target_durability < CSHIM_DURABILITY_NONE ||
        options.target_durability > CSHIM_DURABILITY_UNSETTLED_STATE) {
        return {CSHIM_STATUS_INVALID_ARGUMENT, "the target's durability is out of its range"};
    }
    return ok;
}

/// An upper bound of the attach's size in bytes: its strings, and the largest encoding around them.
size_t attach_size(const cshim_sender_options_t &options) noexcept {
    constexpr size_t frame_and_numbers = 110;
    constexpr size_t text = 5;
    size_t size =
        frame_and_numbers + text + std::strlen(options.name) + text + std::strlen(options.address);
    for (size_t i = 0; i < options.capability_count; i += 1) {
        size += text + std::strlen(options.capabilities[i]);
    }
    return size;
}

/// The tag on the wire. §2.8.7 allows 32 bytes.
struct Tag {
    char bytes[sizeof(uint64_t)];

    explicit Tag(uint64_t tag) noexcept {
        tag = htobe64(tag);
        std::memcpy(bytes, &tag, sizeof bytes);
    }
};

bool has_tag(pn_delivery_t *delivery, uint64_t tag) noexcept {
    const Tag wire_tag(tag);
    const pn_delivery_tag_t bytes = pn_delivery_tag(delivery);
    return bytes.size == sizeof wire_tag.bytes &&
           std::memcmp(bytes.start, wire_tag.bytes, bytes.size) == 0;
}

/// A new delivery, which is the link's current one; NULL if another is, and the connection ends.
[[gnu::always_inline]] inline pn_delivery_t *begin_delivery(cshim_sender &sender, uint64_t tag) {
    const Tag wire_tag(tag);
    pn_delivery_t *const delivery =
        pn_delivery(sender.link, pn_dtag(wire_tag.bytes, sizeof wire_tag.bytes));
    if (!delivery) throw std::bad_alloc();
    if (pn_link_current(sender.link) == delivery) return delivery;
    // The bytes would belong to another delivery, and its outcome to another message.
    sender.session->connection->break_off("amqp:internal-error",
                                          "the link has a delivery that is not ours");
    return nullptr;
}

/// Ends a delivery of this size, on a link that had this credit for it.
[[gnu::always_inline]] inline void end_delivery(cshim_sender &sender, pn_delivery_t *delivery,
                                                size_t size_bytes, int32_t credit) noexcept {
    pn_link_advance(sender.link);
    if (sender.is_pre_settled) {
        pn_delivery_settle(delivery);
        sender.session->settled_bytes += size_bytes;
    }
    sender.has_sent = true;
    sender.seen_credit = sender.is_unlimited ? sender.credit() : credit - 1;
}

/// Proton would queue without limit, and hold the detach back until the queue is empty.
constexpr Result no_credit{CSHIM_STATUS_NO_CREDIT, "no credit"};

}  // namespace

cshim_status_t cshim_session_open_sender(cshim_session_t *session, uint64_t link_id,
                                         const cshim_sender_options_t *options,
                                         cshim_sender_t **sender_out,
                                         cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!session || !options || !sender_out) return null_argument;
        if (!session->session) return {CSHIM_STATUS_NOT_CONNECTED, "the session is gone"};
        if (!session->connection->container->is_on_loop()) return wrong_thread;
        if (!session->is_usable()) return {CSHIM_STATUS_NOT_CONNECTED, "the session has ended"};
        if (!session->is_handle_left()) {
            return {CSHIM_STATUS_LIMIT_REACHED, "the peer allows no more links on this session"};
        }
        const Result checked = check(*options);
        if (checked.status != CSHIM_STATUS_OK) return checked;
        pn_transport_t *const transport = session->connection->transport();
        const uint32_t frame_size_max =
            transport ? pn_transport_get_remote_max_frame(transport) : 0;
        if (frame_size_max > 0 && attach_size(*options) > frame_size_max) {
            return {
                CSHIM_STATUS_FRAME_TOO_LARGE,
                "the attach is larger than the frames that the peer takes: give a shorter address"};
        }
        auto sender = std::make_unique<cshim_sender>();
        sender->id = link_id;
        sender->session = session;
        sender->is_pre_settled = options->is_pre_settled;
        const proton::sender opened =
            proton::session(session->session).open_sender(options->address, options_of(*options));
        sender->link = pn(opened);
        // Without a reference but its own, proton ends and revives the link at the end of each
        // delivery: a sixth of what a message costs it.
        pn_incref(sender->link);
        pn_link_set_context(sender->link, sender.get());
        session->senders.insert(*sender);
        session->connection->flush();
        *sender_out = sender.release();
        return ok;
    });
}

int32_t cshim_sender_credit(cshim_sender_t *sender, bool *is_draining_out) noexcept {
    if (is_draining_out) *is_draining_out = false;
    if (!sender || !sender->is_usable() || !is_on_loop(*sender) || is_loss_read(*sender)) return 0;
    sender->seen_credit = sender->credit();
    sender->is_seen_draining = pn_link_get_drain(sender->link);
    if (is_draining_out) *is_draining_out = sender->is_seen_draining;
    return sender->seen_credit;
}

cshim_status_t cshim_sender_send(cshim_sender_t *sender, uint64_t tag, const uint8_t *bytes,
                                 size_t size_bytes, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!sender || !bytes) return null_argument;
        if (size_bytes == 0) return {CSHIM_STATUS_INVALID_ARGUMENT, "a message of no bytes"};
        if (!sender->link) return link_gone;
        if (!is_on_loop(*sender)) return wrong_thread;
        if (!may_send(*sender)) return link_gone;
        if (sender->partial) return {CSHIM_STATUS_INVALID_STATE, "a piece has to follow first"};
        const int32_t credit = sender->credit();
        if (credit == 0) return no_credit;
        pn_delivery_t *const delivery = begin_delivery(*sender, tag);
        if (!delivery) return link_gone;
        pn_link_send(sender->link, reinterpret_cast<const char *>(bytes), size_bytes);
        end_delivery(*sender, delivery, size_bytes, credit);
        sender->session->connection->flush();
        return ok;
    });
}

cshim_status_t cshim_sender_send_piece(cshim_sender_t *sender, uint64_t tag, const uint8_t *bytes,
                                       size_t size_bytes, size_t offset_bytes, size_t total_bytes,
                                       cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!sender || !bytes) return null_argument;
        if (size_bytes == 0) return {CSHIM_STATUS_INVALID_ARGUMENT, "a piece of no bytes"};
        if (offset_bytes > total_bytes || size_bytes > total_bytes - offset_bytes) {
            return {CSHIM_STATUS_INVALID_ARGUMENT, "the piece is not within the message"};
        }
        if (!sender->link) return link_gone;
        if (!is_on_loop(*sender)) return wrong_thread;
        if (!may_send(*sender)) return link_gone;
        if (!sender->partial) {
            if (offset_bytes != 0) return {CSHIM_STATUS_INVALID_STATE, "the delivery has ended"};
            if (sender->credit() == 0) return no_credit;
            sender->partial = begin_delivery(*sender, tag);
            sender->partial_bytes = 0;
            if (!sender->partial) return link_gone;
        } else if (!has_tag(sender->partial, tag) || sender->partial_bytes != offset_bytes) {
            return {CSHIM_STATUS_INVALID_STATE, "another piece has to follow first"};
        }
        pn_link_send(sender->link, reinterpret_cast<const char *>(bytes), size_bytes);
        sender->partial_bytes += size_bytes;
        if (sender->partial_bytes == total_bytes) {
            pn_delivery_t *const delivery = sender->partial;
            sender->partial = nullptr;
            end_delivery(*sender, delivery, total_bytes, sender->credit());
        }
        sender->session->connection->flush();
        return ok;
    });
}

cshim_status_t cshim_sender_abort_delivery(cshim_sender_t *sender, uint64_t tag,
                                           cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!sender) return null_argument;
        if (!sender->link) return link_gone;
        if (!is_on_loop(*sender)) return wrong_thread;
        if (!sender->partial || !has_tag(sender->partial, tag)) {
            return {CSHIM_STATUS_INVALID_STATE, "the delivery has ended"};
        }
        sender->abort_partial();
        sender->session->connection->flush();
        return ok;
    });
}

cshim_status_t cshim_sender_return_credit(cshim_sender_t *sender,
                                          cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!sender) return null_argument;
        if (!sender->link) return link_gone;
        if (!is_on_loop(*sender)) return wrong_thread;
        if (!sender->is_usable()) return link_gone;
        pn_link_drained(sender->link);
        sender->seen_credit = sender->credit();
        sender->session->connection->flush();
        return ok;
    });
}

cshim_status_t cshim_sender_close(cshim_sender_t *sender, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!sender) return null_argument;
        if (!sender->link) return link_gone;
        if (!is_on_loop(*sender)) return wrong_thread;
        if (!sender->is_usable()) return link_gone;
        sender->is_closing = true;
        pn_link_close(sender->link);
        sender->session->connection->flush();
        return ok;
    });
}

void cshim_sender_free(cshim_sender_t *sender) noexcept {
    if (!sender) return;
    if (!sender->link) {
        delete sender;
        return;
    }
    if (!is_on_loop(*sender)) return;
    sender->is_owned = false;
    cshim_connection &connection = *sender->session->connection;
    if (sender->is_lost || sender->session->is_lost) {
        connection.note_freeable();
    } else if (sender->is_answered) {
        pn_link_close(sender->link);
        connection.flush();
    }
    // The peer's attach may still come, and proton would make a new link for it: this one stays, to
    // close what comes, until its session is freed.
}
