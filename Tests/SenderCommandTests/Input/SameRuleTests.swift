// Options and JSON lines follow the same rules.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct SameRuleTests {
    private typealias Pair = (option: String, json: String)

    private static let taken: [Pair] = [
        ("--ttl=1", #""ttl":1"#), ("--ttl=4294967295", #""ttl":4294967295"#),
        ("--priority=0", #""priority":0"#), ("--priority=255", #""priority":255"#),
        ("--content-type=text/plain", #""content_type":"text/plain""#),
        ("--property=a:double=NaN", #""application_properties":{"a:double":"NaN"}"#),
        ("--property=a:double=-Infinity", #""application_properties":{"a:double":"-Infinity"}"#),
        ("--property=a:symbol= ~", #""application_properties":{"a:symbol":" ~"}"#),
        (
            "--property=a:ulong=18446744073709551615",
            #""application_properties":{"a:ulong":18446744073709551615}"#
        ),
        ("--property=é=1", #""application_properties":{"é":"1"}"#),
        ("--property=a:b:binary=AA==", #""application_properties":{"a:b:binary":"AA=="}"#),
        ("--annotation= =", #""annotations":{" ":""}"#),
    ]

    private static let refused: [Pair] = [
        ("--ttl=0", #""ttl":0"#), ("--ttl=4294967296", #""ttl":4294967296"#),
        ("--ttl=1.0", #""ttl":1.0"#), ("--priority=-1", #""priority":-1"#),
        ("--priority=256", #""priority":256"#), ("--content-type=", #""content_type":"""#),
        ("--content-type=a\u{1}", #""content_type":"a\u0001""#),
        (
            "--content-type=" + String(repeating: "a", count: 256),
            #""content_type":""# + String(repeating: "a", count: 256) + "\""
        ),
        ("--property=a:double=inf", #""application_properties":{"a:double":"inf"}"#),
        ("--property=a:symbol=\u{1}", #""application_properties":{"a:symbol":"\u0001"}"#),
        ("--property=a:int=2147483648", #""application_properties":{"a:int":2147483648}"#),
        ("--property=a:ulong=-1", #""application_properties":{"a:ulong":-1}"#),
        ("--property=a:b=1", #""application_properties":{"a:b":"1"}"#),
        ("--property==1", #""application_properties":{"":"1"}"#),
        ("--property=:int=1", #""application_properties":{":int":1}"#),
        ("--annotation=\u{1}=1", #""annotations":{"\u0001":"1"}"#),
        ("--annotation=é=1", #""annotations":{"é":"1"}"#),
    ]

    private func message(option: String) throws -> Message? {
        guard
            case .run(let options) = try parseArguments(
                ["-a", "amqp://h/q", option], environment: .none)
        else { return nil }
        return options.prototype
    }

    private func message(json: String) throws -> Message? {
        var prototype = Message()
        prototype.isDurable = true
        let encoder = MessageEncoder(reading: .json, prototype: prototype, duplicateID: nil)
        let line = Array("{\(json)}".utf8)
        var message = Message(encoded: try encoder.message(line[...], sequence: 1))
        message?.id = nil
        return message
    }

    @Test("what an option takes a line of JSON takes, and it means the same")
    func taken() throws {
        for (option, json) in Self.taken {
            let (byOption, byJSON) = (try message(option: option), try message(json: json))
            // NaN is not equal to itself.
            #expect("\(byOption as Any)" == "\(byJSON as Any)", "\(option)")
            #expect(byOption != nil)
        }
    }

    @Test("what an option refuses a line of JSON refuses")
    func refused() {
        for (option, json) in Self.refused {
            #expect(throws: UsageError.self, "\(option)") { try message(option: option) }
            #expect(throws: BadMessage.self, "\(json)") { try message(json: json) }
        }
    }
}
