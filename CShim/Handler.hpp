// Turns proton's events into the caller's callbacks.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_HANDLER_HPP
#define CSHIM_HANDLER_HPP

#include <proton/messaging_handler.hpp>

#include "cshim.h"

struct pn_delivery_t;

namespace cshim {

/// The container's one handler.
///
/// Each function whose default throws, opens or forwards is overridden: on_error throws, the error
/// functions forward to on_error, and the open functions accept what a peer opens.
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

    // The error is read where the end is reported.
    void on_error(const proton::error_condition &) noexcept override {}
    void on_transport_error(proton::transport &) noexcept override {}
    void on_connection_error(proton::connection &) noexcept override {}
    void on_session_error(proton::session &) noexcept override {}
    void on_sender_error(proton::sender &) noexcept override {}
    void on_receiver_error(proton::receiver &) noexcept override {}

private:
    class AcceptedRun;

    /// Reports the outcome of a delivery, and those whose events wait behind it, each once. Proton
    /// raises an event for the state, and another for its settlement.
    void handle_outcomes(pn_delivery_t *first) noexcept;
    void handle_outcome(pn_delivery_t *delivery, AcceptedRun &accepted) noexcept;
    void handle_early_outcome(cshim_sender &sender, bool is_accepted) noexcept;
    void report(const cshim_sender &sender, pn_delivery_t *delivery) noexcept;
    void report_link_lost(proton::sender &, bool is_closed) noexcept;

    cshim_container &container_;
};

}  // namespace cshim

#endif
