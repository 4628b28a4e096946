// Throws below the firewall, so that each catch can be seen to work.
// SPDX-License-Identifier: Apache-2.0

#ifdef CSHIM_TESTING

#include "cshim_testing.h"

#include <stdexcept>

#include "Firewall.hpp"

cshim_status_t cshim_test_throw(cshim_test_exception_t exception,
                                cshim_error_t *error_out) noexcept {
    return cshim::guarded(error_out, [&]() -> cshim::Result {
        switch (exception) {
        case CSHIM_TEST_EXCEPTION_TIMEOUT:
            throw proton::timeout_error("thrown");
        case CSHIM_TEST_EXCEPTION_CONVERSION:
            throw proton::conversion_error("thrown");
        case CSHIM_TEST_EXCEPTION_PROTON:
            throw proton::error("thrown");
        case CSHIM_TEST_EXCEPTION_BAD_ALLOC:
            throw std::bad_alloc();
        case CSHIM_TEST_EXCEPTION_STANDARD:
            throw std::runtime_error("thrown");
        case CSHIM_TEST_EXCEPTION_OTHER:
            throw 1;
        }
        return cshim::null_argument;
    });
}

#endif
