// Valid and invalid URLs.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct TargetURLTests {
    private func sentence(_ text: String) -> String? {
        do throws(UsageError) {
            _ = try TargetURL(text)
            return nil
        } catch {
            return error.sentence
        }
    }

    struct Parts: Sendable {
        var user: String?
        var password: String?
        var host = "h"
        var port: UInt16 = 5672
        var address = "q"
    }

    @Test(
        "a URL is taken apart",
        arguments: [
            ("amqp://127.0.0.1/link1.test", Parts(host: "127.0.0.1", address: "link1.test")),
            ("amqp://h:5673/q", Parts(port: 5673)),
            ("amqp://h:1/q", Parts(port: 1)),
            ("amqp://h:65535/q", Parts(port: 65535)),
            ("AMQP://h/q", Parts()),
            ("amqp://[::1]/q", Parts(host: "::1")),
            ("amqp://[2001:db8::7]:99/q", Parts(host: "2001:db8::7", port: 99)),
            ("amqp://[fe80::1%25eth0]/q", Parts(host: "fe80::1%eth0")),
            ("amqp://u@h/q", Parts(user: "u")),
            ("amqp://u:@h/q", Parts(user: "u")),
            ("amqp://u:p:w@h/q", Parts(user: "u", password: "p:w")),
            ("amqp://u:p@w@h/q", Parts(user: "u", password: "p@w")),
            ("amqp://u%40x:p%2Fw%3a@h/q", Parts(user: "u@x", password: "p/w:")),
            ("amqp://u:p%2fw@[::1]:8/q", Parts(user: "u", password: "p/w", host: "::1", port: 8)),
            ("amqp://@h/q", Parts()),
            ("amqp://h/a/b//c?d=e#f", Parts(address: "a/b//c?d=e#f")),
            ("amqp://h//queues/x", Parts(address: "/queues/x")),
            ("amqp://h/a::b", Parts(address: "a::b")),
            ("amqp://h/user@domain", Parts(address: "user@domain")),
            ("amqp://h/a%3A%3Ab@c:d", Parts(address: "a::b@c:d")),
            ("amqp://h/gr%C3%BC%c3%9fe%20%25", Parts(address: "grüße %")),
            ("amqp://h/grüße", Parts(address: "grüße")),
            ("amqp://my_host-1.example.com/q", Parts(host: "my_host-1.example.com")),
        ])
    func parts(_ text: String, _ parts: Parts) throws {
        let url = try TargetURL(text)
        #expect(url.endpoint.user == parts.user)
        #expect(url.endpoint.password == parts.password)
        #expect(url.endpoint.host == parts.host)
        #expect(url.endpoint.port == parts.port)
        #expect(url.address == parts.address)
    }

    @Test(
        "a URL is printed without user and password",
        arguments: [
            ("amqp://h/q", "amqp://h/q"), ("amqp://h:5672/q", "amqp://h:5672/q"),
            ("amqp://u:p@h:7/a%20b", "amqp://h:7/a%20b"), ("amqp://u@[::1]/q", "amqp://[::1]/q"),
            ("amqp://u:p@w@h/q", "amqp://h/q"),
            ("amqps://u:p@h/q", "amqps://h/q"), ("AMQPS://h:1/q", "amqps://h:1/q"),
        ])
    func printed(_ text: String, _ display: String) throws {
        #expect(try TargetURL(text).display == display)
    }

    @Test(
        "a wrong URL gets one sentence",
        arguments: [
            ("", "it must have the form amqp://host[:port]/address"),
            ("h/q", "it must have the form amqp://host[:port]/address"),
            ("amqp:/h/q", "it must have the form amqp://host[:port]/address"),
            ("h:5672/q", "it must have the form amqp://host[:port]/address"),
            ("http://h/q", "the scheme must be amqp or amqps"),
            ("://h/q", "the scheme must be amqp or amqps"),
            ("amqp:///q", "the host is missing, as in amqp://host/address"),
            ("amqp://:5672/q", "the host is missing, as in amqp://host/address"),
            ("amqp://", "the host is missing, as in amqp://host/address"),
            ("amqp://h", "an address must follow the host, as in amqp://host/address"),
            ("amqp://h/", "an address must follow the host, as in amqp://host/address"),
            ("amqp://h:/q", "the port must be a number from 1 to 65535"),
            ("amqp://h:0/q", "the port must be a number from 1 to 65535"),
            ("amqp://h:65536/q", "the port must be a number from 1 to 65535"),
            ("amqp://h:-1/q", "the port must be a number from 1 to 65535"),
            ("amqp://h:+1/q", "the port must be a number from 1 to 65535"),
            ("amqp://h:amqp/q", "the port must be a number from 1 to 65535"),
            ("amqp://h:99999999999999999999/q", "the port must be a number from 1 to 65535"),
            ("amqp://[::1]7/q", "the port must be a number from 1 to 65535"),
            ("amqp://::1/q", "an IPv6 address belongs in brackets, as in amqp://[::1]/address"),
            ("amqp://[::1/q", "the bracket of the IPv6 address is not closed"),
            ("amqp://[h]/q", "between the brackets is no IPv6 address"),
            ("amqp://[127.0.0.1]/q", "between the brackets is no IPv6 address"),
            ("amqp://[fe80::1%25]/q", "between the brackets is no IPv6 address"),
            ("amqp://[fe80::1%25e%20]/q", "between the brackets is no IPv6 address"),
            (
                "amqp://h h/q",
                "a host is at most 255 letters, digits, dots, hyphens and underscores"
            ),
            ("amqp://hü/q", "a host is at most 255 letters, digits, dots, hyphens and underscores"),
            (
                "amqp://h%41/q",
                "a host is at most 255 letters, digits, dots, hyphens and underscores"
            ),
            ("amqp://h/%", "the address has a % without two hexadecimal digits, write % as %25"),
            ("amqp://h/%4", "the address has a % without two hexadecimal digits, write % as %25"),
            ("amqp://h/%4g", "the address has a % without two hexadecimal digits, write % as %25"),
            ("amqp://h/%+4", "the address has a % without two hexadecimal digits, write % as %25"),
            ("amqp://h/%ff", "the percent-encoding of the address does not make valid UTF-8"),
            ("amqp://h/%c3", "the percent-encoding of the address does not make valid UTF-8"),
            ("amqp://h/a%00", "the address must not hold control characters"),
            ("amqp://h/a%c2%85", "the address must not hold control characters"),
            ("amqp://h/a%1b[2J", "the address must not hold control characters"),
        ])
    func wrongURL(_ text: String, _ what: String) {
        #expect(sentence(text) == "the URL \"\(shown(text))\" is wrong: \(what)")
    }

    /// An invalid port may be a password, if the host is missing.
    private func shown(_ text: String) -> String {
        for port in ["+1", "-1", "amqp"] where text.hasSuffix(":\(port)/q") {
            return text.dropLast(port.count + 2) + "…/q"
        }
        return text
    }

    @Test("a password in the place of the port is not shown")
    func passwordAsPort() {
        #expect(sentence("amqp://bob:secret/q")?.contains("secret") == false)
    }

    static let pasted: [(text: String, shown: String, what: String)] = [
        (
            "Endpoint=sb://ns.example.net/;SharedAccessKeyName=bob;SharedAccessKey=s3cr=t",
            "Endpoint=…", "a connection string is not a URL: write amqps://HOST/ADDRESS"
        ),
        (
            "Endpoint=sb://bob@ns/;SharedAccessKey=s3cr@t", "Endpoint=…",
            "a connection string is not a URL"
        ),
        ("DefaultEndpointsProtocol=https;AccountKey=s3cr=t", "DefaultEndpointsProtocol=…", ""),
        ("SharedAccessSignature sr=h&sig=s3crt&se=1", "SharedAccessSignature sr=…", ""),
        ("amqps://h/q?sig=s3crt", "amqps://h/q?…", "what follows sig= may be a secret"),
        ("amqps://h/q;SharedAccessKey=s3crt", "amqps://h/q;…", "a connection string is not a URL"),
        ("amqps://bob:s3@h/q?Password=s3crt", "amqps://…@h/q?…", "what follows Password= may be"),
        ("amqps://bob:s3cr;t@/q", "amqps://…", "the host is missing"),
        ("amqps://h:x/q?token=s3crt@x", "amqps://…", "the port must be a number from 1 to 65535"),
        ("https://h/q?token=s3crt", "https://h/q?…", "the scheme must be amqp or amqps"),
        ("bob:s3crt", "bob:…", "it must have the form"),
        ("bob:s3crt@h/q", "…@h/q", "it must have the form"),
        ("eyJhbGciOi.eyJzdWIiOiJzM2NydCJ9.s3crts3crts3crts3crt", "…", "it must have the form"),
    ]

    @Test("what may be a secret is not shown", arguments: pasted)
    func secrets(_ text: String, _ shown: String, _ what: String) throws {
        let wrong = try #require(sentence(text))
        #expect(wrong.hasPrefix("the URL \"\(shown)\" is wrong: \(what)"), "\(wrong)")
        for arguments in [[text], ["--reconnect=\(text)"], ["--failover", text]] {
            do throws(UsageError) {
                _ = try parseArguments(["-a", "amqp://h/q"] + arguments)
                Issue.record("\(arguments) is no wrong usage")
            } catch {
                #expect(!error.sentence.contains("s3"), "\(error.sentence)")
            }
        }
    }

    @Test("an address with = is one, unless a secret may follow")
    func equalsInAnAddress() throws {
        #expect(
            try TargetURL("amqp://h/q?x-key=1&routing-key=k").address == "q?x-key=1&routing-key=k")
        #expect(try TargetURL("amqp://h/q?token%3Dx").address == "q?token=x")
    }

    @Test(
        "a sentence about user information does not show it",
        arguments: [
            ("amqp://%zz@h/q", "the user has a % without two hexadecimal digits, write % as %25"),
            (
                "amqp://u:%zz@h/q",
                "the password has a % without two hexadecimal digits, write % as %25"
            ),
            ("amqp://u:%00@h/q", "the password must not hold control characters"),
            ("amqp://%0a@h/q", "the user must not hold control characters"),
            ("amqp://u:p@@/q", "the host is missing, as in amqp://host/address"),
        ])
    func userInformation(_ text: String, _ what: String) throws {
        let shown = text.hasSuffix("@/q") ? "amqp://…@/q" : "amqp://…@h/q"
        #expect(sentence(text) == "the URL \"\(shown)\" is wrong: \(what)")
    }

    @Test(
        "a slash in user or password does not begin the address",
        arguments: ["amqp://u:p@ss/word@h/q", "amqp://us/er:p@h/q", "amqp://h/x/u:p@h/q"])
    func slash(_ text: String) {
        #expect(
            sentence(text)
                == "the URL \"amqp://…@h/q\" is wrong: "
                + "write / in user and password as %2F, and @ in an address as %40")
    }

    @Test("the URL of a router needs no address")
    func router() throws {
        for (text, address) in [("amqp://h", ""), ("amqp://h/", ""), ("amqp://h/q", "q")] {
            let url = try TargetURL(router: text, of: "--failover")
            #expect(url.endpoint.host == "h" && url.endpoint.port == 5672 && url.address == address)
            #expect(url.display == text)
        }
        let wrong = #"the URL of --failover "x" is wrong: it must have the form amqp://host[:port]"#
        #expect(throws: UsageError(wrong)) { try TargetURL(router: "x", of: "--failover") }
    }

    @Test("a host has a limit of length")
    func longHost() throws {
        let host = String(repeating: "h", count: 255)
        #expect(try TargetURL("amqp://\(host)/q").endpoint.host == host)
        #expect(sentence("amqp://\(host)h/q")?.hasSuffix("hyphens and underscores") == true)
        let zone = String(repeating: "z", count: 300)
        #expect(sentence("amqp://[fe80::1%25\(zone)]/q")?.hasSuffix("no IPv6 address") == true)
    }

    @Test(
        "control characters are refused and not printed",
        arguments: ["amqp://h/q\n", "amqp://h\u{0}/q", "\u{1b}amqp://h/q", "amqp://h/\u{85}"])
    func controlCharacters(_ text: String) throws {
        let shown = try #require(sentence(text))
        #expect(shown.hasSuffix("it must not hold control characters"))
        #expect(!shown.hasControlCharacter)
    }
}
