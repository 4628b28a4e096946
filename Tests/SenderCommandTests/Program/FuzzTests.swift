// Random arguments, URLs and input lines, and the words of a hostile peer.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import ReliableSender
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct FuzzTests {
    private let seed = fuzzSeed
    private let inputCount = fuzzInputCount(40_000)

    @Test("any arguments give options or one sentence")
    func arguments() {
        var words = HostileWords(seed: seed)
        var runCount = 0
        for number in 0..<inputCount {
            let arguments = words.arguments()
            do throws(UsageError) {
                if case .run(let options) = try parseArguments(arguments) {
                    runCount += 1
                    #expect(
                        options.messages ?? 0 >= 0 && options.destinations.pace.burst >= 1)
                }
            } catch {
                expectOneLine(error.sentence, "input \(number) of seed \(seed): \(arguments)")
            }
        }
        #expect(runCount > inputCount / 100, "the inputs are too hostile to get anywhere")
    }

    @Test("any URL gives a target or one sentence, and no password is in either")
    func anyURLGivesATarget() {
        var words = HostileWords(seed: seed)
        for number in 0..<inputCount {
            let secret = "s3cr3t\(number)"
            let url = words.url(password: secret)
            do throws(UsageError) {
                let invocation = try parseArguments(["-a", url])
                guard case .run(let options) = invocation else { continue }
                #expect(!options.targets[0].display.contains(secret), "\(url)")
            } catch {
                expectOneLine(error.sentence, "seed \(seed): \(url)")
                #expect(!error.sentence.contains(secret), "\(url)")
            }
        }
    }

    @Test("whatever a peer says is one line of bounded length")
    func peerText() {
        var words = HostileWords(seed: seed)
        for number in 0..<inputCount {
            let size = number % 20_000 == 0 ? 1 << 20 : 200
            let condition = ErrorCondition(name: words.text(size), description: words.text(size))
            var text = Reporter(isQuiet: false)
            text.event(.lost(condition, at: .withCredit))
            text.event(.connectionLost(condition, retryIn: 5))
            let lines = text.output + text.diagnostics
            #expect(lines.count { $0 == UInt8(ascii: "\n") } == 3, "seed \(seed), \(condition)")
            #expect(lines.count < 3 * 1024, "seed \(seed)")
            let controls = lines.contains { $0 < 0x20 && $0 != UInt8(ascii: "\n") || $0 == 0x7F }
            #expect(!controls, "seed \(seed), \(condition)")
        }
    }

    @Test("any line gives a message or one reason, and its JSON makes the message again")
    func jsonLines() {
        var words = HostileWords(seed: seed)
        let readings = [MessageEncoder.Reading.json, .body(.value)]
        let makers = readings.map {
            MessageEncoder(reading: $0, prototype: Message(), duplicateID: nil)
        }
        var madeCount = 0
        for number in 0..<inputCount {
            let line = Array(words.json().utf8)
            for encoder in makers {
                let input = "input \(number) of seed \(seed)"
                do throws(BadMessage) {
                    var address: String?
                    guard
                        let bytes = try encoder.message(
                            ofLine: line[...], sequence: 1, address: &address)
                    else { continue }
                    madeCount += 1
                    guard let message = Message(encoded: bytes) else {
                        Issue.record("\(input) can't be read again")
                        continue
                    }
                    var again: [UInt8] = []
                    again.append(json: .object(message.jsonMembers))
                    let same = try makers[0].message(again[...], sequence: 1)
                    #expect(same == bytes, "\(input)")
                } catch {
                    expectOneLine(error.reason, input)
                }
            }
        }
        #expect(madeCount > inputCount / 100, "the lines are too hostile to get anywhere")
    }

    private func expectOneLine(_ sentence: String, _ input: @autoclosure () -> String) {
        #expect(!sentence.isEmpty && !sentence.contains("\n"), "\(input())")
        #expect(sentence.utf8.count < 2048, "\(input())")
    }
}
