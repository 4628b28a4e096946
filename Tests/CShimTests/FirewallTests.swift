// Exceptions below the C ABI come out as statuses.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Testing

@Suite
struct FirewallTests {
    @Test(
        "what is thrown below comes out as a status",
        arguments: [
            (cshim_test_exception_t.timeout, cshim_status_t.protonError, "timeout_error"),
            (.conversion, .protonError, "conversion_error"),
            (.proton, .protonError, "error"),
            (.badAlloc, .outOfMemory, "bad_alloc"),
            (.standard, .protonError, "exception"),
            (.other, .unknownException, ""),
        ])
    func thrown(exception: cshim_test_exception_t, status: cshim_status_t, name: String) {
        var error = cshim_error_t()
        #expect(cshim_test_throw(exception, &error) == status)
        #expect(error.status == status)
        #expect(string(error.name) == name)
        #expect(cshim_test_throw(exception, nil) == status)
    }
}

/// An array of characters of C, up to its NUL.
func string<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
