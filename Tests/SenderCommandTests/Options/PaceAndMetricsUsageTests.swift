// Errors for wrong usage of the options of pace and metrics.
// SPDX-License-Identifier: Apache-2.0

import Testing

extension WrongUsageTests {
    private static let ofPaceAndMetrics: [([String], String)] = [
        (
            ["-a", "amqp://h/q", "--rate=5", "-i0"],
            "--rate and --interval contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://h/q", "--rate=5", "-b1"],
            "--rate and --burst contradict each other: give one of them"
        ),
        (["--rate=0"], #"--rate is "0", but must be a number from 0.001 to 1000000"#),
        (
            ["--duration=5d"],
            #"--duration is "5d", but "d" is not a unit here: give ms, s, m or h, or none"#
        ),
        (
            ["-a", "amqp://h/q", "--metrics-label=a=b"],
            #"--metrics-label "a" has no effect without --metrics-file: add that"#
        ),
        (
            ["--metrics-label=1=b"],
            #"--metrics-label is "1=b", but must be KEY=VALUE, KEY being letters, digits and _, and no digit first"#
        ),
        (
            ["--metrics-label=__a=b"],
            #"--metrics-label "__a" begins with two underscores, as only labels of Prometheus itself do: give another"#
        ),
        (
            ["-a", "amqp://h/q", "--metrics-file=f", "--metrics-label=a=b", "--metrics-label=a=c"],
            #"--metrics-label "a" is given more than once: give each key once"#
        ),
        (
            ["--metrics-label=address=b"],
            #"--metrics-label "address" is a label of figures already: give another"#
        ),
    ]

    @Test(
        "wrong usage of the options of pace and metrics is one sentence",
        arguments: ofPaceAndMetrics)
    func paceAndMetrics(_ arguments: [String], _ expected: String) {
        #expect(sentence(arguments) == expected)
    }
}
