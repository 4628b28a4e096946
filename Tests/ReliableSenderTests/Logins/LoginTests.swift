// The choice of the mechanism, and what is sent for it.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Proton
import Testing

@testable import ReliableSender

@Suite struct LoginTests {
    private static let everything = [
        "ANONYMOUS", "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "EXTERNAL",
        "CRAM-MD5", "GSSAPI", "",
    ]

    private func login(
        user: String? = "ann", password: String? = "secret", token: String? = nil,
        mayReveal: Bool = true, named: [String] = [], hasCertificate: Bool = false
    ) -> Login {
        let mechanisms = SASLMechanisms(
            named: named, isTLS: true, hasCertificate: hasCertificate)
        return Login(
            LoginCredentials(
                user: user, password: password, token: token, mayReveal: mayReveal),
            allowed: mechanisms.allowed(
                hasPassword: password != nil, hasToken: token != nil), makeNonce: { "nonce" })
    }

    private func choice(_ login: Login, _ offered: [String] = everything) -> String? {
        var login = login
        switch login.answer(.offered(offered)) {
        case .begin(let mechanism, let response):
            return "\(mechanism) \(String(decoding: response, as: UTF8.self))"
        case .fail(let condition): return "\(condition.name) \(condition.description)"
        case .none: return nil
        case .respond: return "a response"
        }
    }

    private static let scram = " n,,n=ann,r=nonce"

    @Test("the strongest mechanism that is offered, allowed and possible is chosen")
    func strongest() {
        #expect(choice(login()) == "SCRAM-SHA-512" + Self.scram)
        #expect(choice(login(), ["PLAIN", "SCRAM-SHA-256"]) == "SCRAM-SHA-256" + Self.scram)
        #expect(choice(login(), ["SCRAM-SHA-1", "PLAIN"]) == "PLAIN \0ann\0secret")
        #expect(choice(login(hasCertificate: true)) == "EXTERNAL ")
        #expect(choice(login(user: nil, password: nil)) == "ANONYMOUS anonymous")
        #expect(choice(login(password: nil)) == "ANONYMOUS ann")
        #expect(choice(login(named: ["PLAIN", "SCRAM-SHA-1"])) == "SCRAM-SHA-1" + Self.scram)
        #expect(choice(login(named: ["PLAIN", "ANONYMOUS"])) == "PLAIN \0ann\0secret")
        #expect(choice(login(named: ["ANONYMOUS"])) == "ANONYMOUS ann")
        // Of what is named, all that needs a password is out of the question without one.
        let nameless = login(
            user: nil, password: nil, named: ["PLAIN", "SCRAM-SHA-256", "ANONYMOUS"])
        #expect(choice(nameless) == "ANONYMOUS anonymous")
    }

    @Test("nothing weaker than what is allowed is used, and a user does not become anonymous")
    func downgrade() {
        #expect(choice(login(), ["ANONYMOUS"]) == nil)
        #expect(choice(login(), []) == nil)
        #expect(choice(login(named: ["SCRAM-SHA-512"]), ["PLAIN", "SCRAM-SHA-256"]) == nil)
        #expect(choice(login(), ["scram-sha-256", "SCRAM-SHA-256-PLUS"]) == nil)
        #expect(choice(login(named: ["SCRAM-SHA-999"])) == nil)
    }

    @Test("a password does not go in the clear, and SCRAM does not send it")
    func clear() {
        #expect(choice(login(mayReveal: false)) == "SCRAM-SHA-512" + Self.scram)
        let refused = choice(login(mayReveal: false), ["PLAIN", "ANONYMOUS"])
        #expect(
            refused == "amqp:unauthorized-access the peer offers no mechanism that keeps the "
                + "password to itself: it would cross the network in the clear")
    }

    @Test("what is not printable ASCII is not used with SCRAM")
    func characters() {
        #expect(choice(login(password: "gehéim")) == "PLAIN \0ann\0gehéim")
        #expect(choice(login(user: "änn")) == "PLAIN \0änn\0secret")
        #expect(
            choice(login(password: "gehéim"), ["SCRAM-SHA-256"])
                == "amqp:unauthorized-access SCRAM needs a user and a password of printable ASCII "
                + "characters")
    }

    private static let tokens = everything + ["XOAUTH2", "OAUTHBEARER"]

    @Test("a token is sent as RFC 7628 and XOAUTH2 have it, with and without a user")
    func tokens() {
        let ann = login(user: "a,n=n", password: nil, token: "tok.en")
        #expect(
            choice(ann, Self.tokens)
                == "OAUTHBEARER n,a=a=2Cn=3Dn,\u{1}auth=Bearer tok.en\u{1}\u{1}")
        #expect(
            choice(ann, ["PLAIN", "XOAUTH2"])
                == "XOAUTH2 user=a,n=n\u{1}auth=Bearer tok.en\u{1}\u{1}")
        let joined = login(user: "a,\u{301}=\u{301}", password: nil, token: "tok.en")
        #expect(
            choice(joined, Self.tokens)?.hasPrefix("OAUTHBEARER n,a=a=2C\u{301}=3D\u{301},") == true
        )
        let nameless = login(user: nil, password: nil, token: "tok.en")
        #expect(
            choice(nameless, Self.tokens) == "OAUTHBEARER n,,\u{1}auth=Bearer tok.en\u{1}\u{1}")
        #expect(choice(nameless, ["ANONYMOUS", "PLAIN"]) == nil)
        let certified = login(user: nil, password: nil, token: "tok.en", hasCertificate: true)
        #expect(choice(certified, Self.tokens) == "EXTERNAL ")
    }

    @Test("a token does not go in the clear, and is one")
    func tokenInClear() {
        let refused = choice(
            login(password: nil, token: "tok.en", mayReveal: false), Self.tokens)
        #expect(
            refused == "amqp:unauthorized-access the token would cross the network in the clear")
        for odd in ["", "two words", "a\u{1}b", "é"] {
            #expect(
                choice(login(password: nil, token: odd), Self.tokens)
                    == "amqp:unauthorized-access a token has visible ASCII characters only")
        }
    }

    @Test("a peer that refuses a token is answered once", arguments: ["OAUTHBEARER", "XOAUTH2"])
    func refusedToken(_ mechanism: String) {
        var login = login(user: nil, password: nil, token: "tok.en")
        _ = login.answer(.offered([mechanism]))
        let reason = Array(#"{"status":"invalid_token"}"#.utf8)
        let expected: [UInt8] = mechanism == "XOAUTH2" ? [] : [1]
        #expect(login.answer(.challenged(reason)) == .respond(expected))
        guard case .fail = login.answer(.challenged(reason)) else {
            Issue.record("a second challenge was answered")
            return
        }
    }

    @Test("a nonce is new for each login")
    func nonces() {
        func first() -> LoginAnswer {
            var login = Login(
                LoginCredentials(user: "ann", password: "x"), allowed: [.scramSHA256])
            return login.answer(.offered(["SCRAM-SHA-256"]))
        }
        #expect(Set((1...10).map { _ in first() }).count == 10)
    }

    @Test("a challenge of a mechanism that has none breaks the protocol")
    func challenge() {
        var plain = login()
        _ = plain.answer(.offered(["PLAIN"]))
        #expect(
            plain.answer(.challenged([]))
                == .fail(
                    ErrorCondition(
                        name: "amqp:connection:framing-error",
                        description:
                            "the peer breaks the protocol: a challenge, which the mechanism "
                            + "does not have")))
        #expect(plain.answer(.admitted([])) == .none)
    }

    @Test("who has not proven to know the password has not let us in")
    func unverified() {
        var scram = login()
        _ = scram.answer(.offered(["SCRAM-SHA-256"]))
        #expect(
            scram.answer(.admitted([]))
                == .fail(
                    ErrorCondition(
                        name: "amqp:unauthorized-access",
                        description: "the peer did not prove that it knows the password")))
    }
}
