// The caller's answers to the steps of a login.
// SPDX-License-Identifier: Apache-2.0

#include "Login.hpp"

#include <string_view>

#include "Firewall.hpp"
#include "SecurityLayer.hpp"

using namespace cshim;

namespace {

std::string_view view(const uint8_t *bytes, size_t size) noexcept {
    return {reinterpret_cast<const char *>(bytes), bytes ? size : 0};
}

constexpr Result other_step{CSHIM_STATUS_INVALID_STATE, "that is no answer to this step"};

}  // namespace

cshim_status_t cshim_login_begin(cshim_login_t *login, const char *mechanism,
                                 const uint8_t *response, size_t size_bytes,
                                 cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!login || !mechanism) return null_argument;
        if (login->is_answered || login->step != CSHIM_LOGIN_OFFERED) return other_step;
        login->layer.begin(login->transport, mechanism, view(response, size_bytes));
        login->is_answered = login->is_begun = true;
        return ok;
    });
}

cshim_status_t cshim_login_respond(cshim_login_t *login, const uint8_t *response, size_t size_bytes,
                                   cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!login) return null_argument;
        if (login->is_answered || login->step != CSHIM_LOGIN_CHALLENGED) return other_step;
        login->layer.respond(login->transport, view(response, size_bytes));
        login->is_answered = true;
        return ok;
    });
}

cshim_status_t cshim_login_fail(cshim_login_t *login, const char *condition,
                                const char *description, cshim_error_t *error_out) noexcept {
    return guarded(error_out, [&]() -> Result {
        if (!login || !condition || !description) return null_argument;
        if (login->is_answered) return other_step;
        login->layer.fail(login->transport, condition, description);
        login->is_answered = true;
        return ok;
    });
}
