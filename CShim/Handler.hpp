// Proton's events, as the caller's callbacks.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_HANDLER_HPP
#define CSHIM_HANDLER_HPP

#include <proton/messaging_handler.hpp>

#include "cshim.h"

struct pn_delivery_t;

namespace cshim {

/// The container's one handler.
///
/// Every function that proton-cpp lets throw, open or forward by default is overridden: its
/// on_error throws, its error functions forward to on_error, and its open functions answer what a
/// peer asks for.
class Handler final : public proton::messaging_handler {
public:
    explicit Handler(cshim_container &container) noexcept : container_(container) {}

    void on_container_start(proton::container &) noexcept override;

    void on_connection_open(proton::connection &) noexcept override;
    void on_connection_close(proton::connection &) noexcept override;
    void on_connection_wake(proton::connection &) noexcept override;
    void on_transport_close(proton::transport &) noexcept override;

    void on_session_open(proton::session &) noexcept override;
    void on_session_close(proton::session &) noexcept override;

    void on_sender_open(proton::sender &) noexcept override;
    void on_sender_close(proton::sender &) noexcept override;
    void on_sender_detach(proton::sender &) noexcept override;
    void on_sendable(proton::sender &) noexcept override;
    void on_receiver_open(proton::receiver &) noexcept override;
    void on_receiver_close(proton::receiver &) noexcept override;

    void on_tracker_accept(proton::tracker &) noexcept override;
    void on_tracker_reject(proton::tracker &) noexcept override;
    void on_tracker_release(proton::tracker &) noexcept override;
    void on_tracker_settle(proton::tracker &) noexcept override;

    // The reason is read where the end is reported.
    void on_error(const proton::error_condition &) noexcept override {}
    void on_transport_error(proton::transport &) noexcept override {}
    void on_connection_error(proton::connection &) noexcept override {}
    void on_session_error(proton::session &) noexcept override {}
    void on_sender_error(proton::sender &) noexcept override {}
    void on_receiver_error(proton::receiver &) noexcept override {}

private:
    /// One outcome. Proton reports an unsettled one and its settling as two events.
    void handle_outcome(pn_delivery_t *delivery) noexcept;
    void report_link_lost(proton::sender &, bool is_closed) noexcept;

    cshim_container &container_;
};

}  // namespace cshim

#endif
