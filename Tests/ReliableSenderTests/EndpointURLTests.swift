// Endpoints from URLs, and the errors for those that are none.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import ReliableSender

@Suite struct EndpointURLTests {
    private func failure(_ url: String) -> SenderError? {
        do throws(SenderError) {
            _ = try Endpoint(url: url)
            return nil
        } catch {
            return error
        }
    }

    static let urls: [(url: String, endpoint: Endpoint)] = [
        ("amqp://h", Endpoint(host: "h", port: 5672)),
        ("amqp://h/", Endpoint(host: "h", port: 5672)),
        ("amqps://h", Endpoint(host: "h", port: 5671, isTLS: true)),
        ("AMQPS://h:99", Endpoint(host: "h", port: 99, isTLS: true)),
        ("amqp://[::1]:7", Endpoint(host: "::1", port: 7)),
        ("amqp://u@h", Endpoint(host: "h", user: "u")),
        ("amqp://u%40x:p%2Fw@h", Endpoint(host: "h", user: "u@x", password: "p/w")),
    ]

    @Test("a URL is taken apart", arguments: urls)
    func parts(_ url: String, _ endpoint: Endpoint) throws {
        #expect(try Endpoint(url: url) == endpoint)
    }

    @Test("without a port it is that of the scheme")
    func standardPort() {
        #expect(Endpoint(host: "h").port == 5672)
        #expect(Endpoint(host: "h", isTLS: true).port == 5671)
    }

    static let wrong: [(url: String, sentence: String)] = [
        (
            "h:5672",
            #"the URL "h:5672" can't be used: "#
                + "it must have the form amqp[s]://[user[:password]@]host[:port]"
        ),
        ("http://h", #"the URL "http://h" can't be used: the scheme must be amqp or amqps"#),
        ("amqp://", #"the URL "amqp://" can't be used: the host is missing, as in amqp://host"#),
        (
            "amqp://::1",
            #"the URL "amqp://::1" can't be used: "#
                + "an IPv6 address belongs in brackets, as in amqp://[::1]"
        ),
        (
            "amqp://h/orders",
            #"the URL "amqp://h/orders" can't be used: an endpoint has no address: "#
                + "leave out what follows the host, and give it to sender(to:)"
        ),
        (
            "amqp://h:0",
            #"the URL "amqp://h:0" can't be used: the port must be a number from 1 to 65535"#
        ),
        (
            "amqp://h\n",
            #"the URL "amqp://h\n" can't be used: it must not hold control characters"#
        ),
    ]

    @Test("an error names the value and the way out", arguments: wrong)
    func sentences(_ url: String, _ sentence: String) throws {
        let error = try #require(failure(url))
        #expect(error.code == .invalidURL && error.description == sentence)
    }

    @Test(
        "an error shows neither password nor token",
        arguments: [
            "amqp://bob:s3crt@h/q", "amqp://bob:s3c/rt@h", "amqp://bob:s3crt@h:x", "bob:s3crt@h",
            "amqp://bob:%zz@s3crt@", "amqp://h/q?sig=s3crt", "amqp://bob:s3crt",
            "Endpoint=sb://ns.example.net/;SharedAccessKeyName=bob;SharedAccessKey=s3crt",
        ])
    func secrets(_ url: String) throws {
        let error = try #require(failure(url))
        #expect(!error.description.contains("s3c"), "\(error)")
    }

    @Test("the sentence of a long text is short")
    func longText() throws {
        let error = try #require(failure("amqp://" + String(repeating: "h ", count: 10_000)))
        #expect(error.description.utf8.count < 400)
    }

    @Test("an endpoint shows neither user nor password")
    func description() throws {
        let endpoint = try Endpoint(url: "amqps://bob:s3crt@[::1]")
        var dumped = ""
        dump(endpoint, to: &dumped)
        #expect("\(endpoint)" == "amqps://[::1]:5671")
        #expect(!dumped.contains("s3crt") && !String(reflecting: endpoint).contains("s3crt"))
        #expect(!"\([endpoint])".contains("s3crt"))
    }

    @Test("what is an IPv6 address is what the system takes for one")
    func addresses() {
        let parts = ["", ":", "::", "0", "1", "f", "ffff", "10000", "g", "1.2.3.4", "01.2.3.4"]
        var generator = SystemRandomNumberGenerator()
        var validCount = 0
        var mistaken: [String] = []
        for _ in 0..<50_000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...9, using: &generator) {
                text += parts.randomElement(using: &generator)! + (Bool.random() ? ":" : "")
            }
            var address = in6_addr()
            let isValid = inet_pton(AF_INET6, text, &address) == 1
            if isValid { validCount += 1 }
            if isIPv6(text) != isValid { mistaken.append(text) }
        }
        #expect(mistaken.isEmpty)
        #expect(validCount > 100)
        for text in ["fe80::1%eth0", "::1%1"] { #expect(isIPv6(text)) }
        for text in ["::1%", "::1%e h", "%eth0"] { #expect(!isIPv6(text)) }
    }
}
