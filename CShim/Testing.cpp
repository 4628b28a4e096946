// Exceptions and resolvers for tests.
// SPDX-License-Identifier: Apache-2.0

#ifdef CSHIM_TESTING

#include "cshim_testing.h"

#include <map>
#include <mutex>
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

struct Resolvers {
    std::mutex mutex;
    std::map<std::string, cshim_test_resolver_t> by_domain;

    /// That of the domain that a name ends with, or nullptr.
    cshim_test_resolver_t of(const std::string &host) {
        const std::lock_guard<std::mutex> lock(mutex);
        for (const auto &[domain, resolver] : by_domain) {
            if (host.size() >= domain.size() &&
                host.compare(host.size() - domain.size(), domain.size(), domain) == 0)
                return resolver;
        }
        return nullptr;
    }
};

/// Never freed: look-ups may outlive the end of main().
Resolvers &resolvers() {
    static Resolvers &all = *new Resolvers;
    return all;
}

bool resolve(const std::string &host, cshim::Addresses &addresses) {
    const cshim_test_resolver_t resolver = resolvers().of(host);
    if (!resolver) return false;
    const char *const found = resolver(host.c_str());
    std::istringstream words(found ? found : "");
    for (std::string word; words >> word;) addresses.numeric.push_back(word);
    if (addresses.numeric.empty()) addresses.failure = "no such name in the test";
    return true;
}

}  // namespace

void cshim_test_resolve_with(const char *domain, cshim_test_resolver_t resolver) noexcept {
    {
        const std::lock_guard<std::mutex> lock(resolvers().mutex);
        resolvers().by_domain[domain] = resolver;
    }
    cshim::resolver_for_tests = resolve;
}

#endif
