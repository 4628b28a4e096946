// Entries for the tests of the C ABI. Debug builds only.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_TESTING_H
#define CSHIM_TESTING_H

#include "cshim.h"

#ifdef __cplusplus
extern "C" {
#endif

CSHIM_ASSUME_NONNULL_BEGIN

/// The exception that cshim_test_throw throws below the firewall.
typedef enum CSHIM_CLOSED_ENUM {
    CSHIM_TEST_EXCEPTION_TIMEOUT CSHIM_SWIFT_NAME("timeout") = 0,
    CSHIM_TEST_EXCEPTION_CONVERSION CSHIM_SWIFT_NAME("conversion"),
    CSHIM_TEST_EXCEPTION_PROTON CSHIM_SWIFT_NAME("proton"),
    CSHIM_TEST_EXCEPTION_BAD_ALLOC CSHIM_SWIFT_NAME("badAlloc"),
    CSHIM_TEST_EXCEPTION_STANDARD CSHIM_SWIFT_NAME("standard"),
    CSHIM_TEST_EXCEPTION_OTHER CSHIM_SWIFT_NAME("other")
} cshim_test_exception_t;

/// Throws inside a guarded call, so that each catch can be seen to work.
cshim_status_t cshim_test_throw(cshim_test_exception_t exception,
                                cshim_error_t *CSHIM_NULLABLE error_out) CSHIM_NOEXCEPT;

/// Finds the addresses of a name, on the look-up's thread: a space separated list that stays valid,
/// or NULL. May block.
typedef const char *CSHIM_NULLABLE (*cshim_test_resolver_t)(const char *host);

/// Puts a resolver in the place of the system's for names that end with `domain`, such as
/// ".suite.test", until the process ends: tests of other domains may run at the same time.
void cshim_test_resolve_with(const char *domain, cshim_test_resolver_t resolver) CSHIM_NOEXCEPT;

CSHIM_ASSUME_NONNULL_END

#ifdef __cplusplus
}
#endif

#endif
