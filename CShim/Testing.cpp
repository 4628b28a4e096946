// Exceptions and a resolver for tests.
// SPDX-License-Identifier: Apache-2.0

#ifdef CSHIM_TESTING

#include "cshim_testing.h"

#include <atomic>
#include <sstream>
#include <stdexcept>

#include "Firewall.hpp"
#include "Lookups.hpp"

cshim_status_t cshim_test_throw(cshim_test_exception_t exception,
                                cshim_error_t *error_out) noexcept {
    return cshim::guarded(error_out, [&]() -> cshim::Result {
        switch (exception) {
        case CSHIM_TEST_EXCEPTION_TIMEOUT: throw proton::timeout_error("thrown");
        case CSHIM_TEST_EXCEPTION_CONVERSION: throw proton::conversion_error("thrown");
        case CSHIM_TEST_EXCEPTION_PROTON: throw proton::error("thrown");
        case CSHIM_TEST_EXCEPTION_BAD_ALLOC: throw std::bad_alloc();
        case CSHIM_TEST_EXCEPTION_STANDARD: throw std::runtime_error("thrown");
        case CSHIM_TEST_EXCEPTION_OTHER: throw 1;
        }
        return cshim::null_argument;
    });
}

namespace {

std::atomic<cshim_test_resolver_t> resolver{nullptr};

cshim::Addresses resolve(const std::string &host) {
    const cshim_test_resolver_t given = resolver;
    const char *const found = given ? given(host.c_str()) : nullptr;
    std::istringstream words(found ? found : "");
    cshim::Addresses addresses;
    for (std::string word; words >> word;) addresses.numeric.push_back(word);
    if (addresses.numeric.empty()) addresses.failure = "no such name in the test";
    return addresses;
}

}  // namespace

void cshim_test_resolve_with(cshim_test_resolver_t given) noexcept {
    resolver = given;
    cshim::resolver_for_tests = given ? resolve : nullptr;
}

#endif
