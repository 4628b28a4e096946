// The descriptions of options and errors.
// SPDX-License-Identifier: Apache-2.0

import Proton
import Testing

@Suite
struct OptionsTests {
    @Test("no way of printing options prints a password")
    func secrets() {
        var options = ConnectionOptions(host: "::1", port: 5671)
        options.tls = TLSOptions()
        options.tls?.keyPassword = "secret"
        var dumped = ""
        dump(options, to: &dumped)
        dump(options.tls, to: &dumped)
        dump([options.tls], to: &dumped)
        let texts = [
            "\(options)", String(reflecting: options), dumped, "\([options])",
            "\(options.tls as Any)", String(reflecting: options.tls),
        ]
        let answer = LoginAnswer.begin(mechanism: "PLAIN", response: Array("secret".utf8))
        dump(answer, to: &dumped)
        #expect(!dumped.contains("115"))
        for text in texts { #expect(!text.contains("secret")) }
        #expect("\(options)" == "[::1]:5671 (TLS)")
    }

    @Test("an error says what was to be done, and why it was not")
    func errors() throws {
        let handler = SilentHandler()
        do throws(ProtonError) {
            _ = try Container(id: "", handler: handler)
            Issue.record("a container without an id was made")
        } catch {
            #expect(error.code == .invalidArgument)
            #expect("\(error)" == "make a container: the container's id is empty")
        }
        #expect("\(ProtonError.Code.noCredit)" == "no credit")
    }
}
