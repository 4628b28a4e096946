// The firewall around every function of the ABI: C++ exceptions become statuses.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_FIREWALL_HPP
#define CSHIM_FIREWALL_HPP

#include <proton/error.hpp>

#include <exception>
#include <new>

#include "cshim.h"

namespace cshim {

/// The result of a guarded call's body. The description is static.
struct Result {
    cshim_status_t status;
    const char *description;
};

constexpr Result ok{CSHIM_STATUS_OK, ""};
constexpr Result null_argument{CSHIM_STATUS_INVALID_ARGUMENT, "a required argument is NULL"};
constexpr Result wrong_thread{CSHIM_STATUS_INVALID_STATE, "not on the thread of the loop"};

/// Fills `*error_out`, unless it is NULL; strings are cut between characters of UTF-8.
void fill(cshim_error_t *error_out, cshim_status_t status, const char *name,
          const char *description) noexcept;

/// Runs `body`, which returns a Result, and turns exceptions into a status.
template <typename Body>
cshim_status_t guarded(cshim_error_t *error_out, Body &&body) noexcept {
    const auto caught = [error_out](cshim_status_t status, const char *name, const char *what) {
        fill(error_out, status, name, what);
        return status;
    };
    try {
        const Result result = body();
        if (error_out) fill(error_out, result.status, "", result.description);
        return result.status;
    } catch (const proton::timeout_error &error) {
        return caught(CSHIM_STATUS_PROTON_ERROR, "timeout_error", error.what());
    } catch (const proton::conversion_error &error) {
        return caught(CSHIM_STATUS_PROTON_ERROR, "conversion_error", error.what());
    } catch (const proton::error &error) {
        return caught(CSHIM_STATUS_PROTON_ERROR, "error", error.what());
    } catch (const std::bad_alloc &) {
        return caught(CSHIM_STATUS_OUT_OF_MEMORY, "bad_alloc", "out of memory");
    } catch (const std::exception &error) {
        return caught(CSHIM_STATUS_PROTON_ERROR, "exception", error.what());
    } catch (...) {
        return caught(CSHIM_STATUS_UNKNOWN_EXCEPTION, "", "an exception that is not standard");
    }
}

}  // namespace cshim

#endif
