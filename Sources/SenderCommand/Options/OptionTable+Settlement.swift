// The option of pre-settled messages.
// SPDX-License-Identifier: Apache-2.0

extension CommandOption {
    static let preSettled = CommandOption(
        long: "pre-settled", section: .target,
        summary: "fire and forget: send without outcomes",
        details: """
            Send messages settled: fire and forget. A message is final, as unconfirmed, when it is \
            sent, and never sent again: whatever goes wrong on its way, it is lost silently. \
            So are messages on a link, session or connection that is lost, and messages that \
            the broker does not want: a full Artemis drops them. At the end the link is closed, \
            and the peer's answer awaited for one --outcome-timeout: the answer comes after all \
            that was sent has been read. Without an answer the status is 2. \
            A message that is larger than the peer takes is not sent: it is given up, and \
            --rejected-file keeps it. --redeliveries can have no effect and is refused. \
            --window and --outcome-timeout are about messages that have not left yet: those that \
            do not leave in time are lost with their connection.
            """,
        effect: .flag { $0.isPreSettled = true })
}
