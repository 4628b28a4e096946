// Addresses that lines of JSON name.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct NamedAddressTests {
    private func address(_ line: String, mayNameAddress: Bool = true) throws -> String? {
        let encoder = MessageEncoder(
            reading: .json, prototype: Message(), duplicateID: nil, mayNameAddress: mayNameAddress)
        var address: String?
        _ = try encoder.message(ofLine: Array(line.utf8)[...], sequence: 7, address: &address)
        return address
    }

    @Test("a line may name its address, plain or with what else a line may have")
    func addresses() throws {
        #expect(try address(#"{"body":"a","address":"q.1"}"#) == "q.1")
        #expect(try address(#"{"address":"/queues/é","body":1}"#) == "/queues/é")
        #expect(try address(#"{"body":"a","address":null}"#) == nil)
        #expect(try address(#"{"body":"a","outcome":"rejected","address":"q"}"#) == "q")
        let longest = String(repeating: "q", count: EncodedLine.addressByteCountMax)
        #expect(try address("{\"body\":\"\",\"address\":\"\(longest)\"}") == longest)
    }

    @Test("an address that can't be one is refused, and any where lines go to every address")
    func badAddresses() {
        let tooLong = String(repeating: "q", count: EncodedLine.addressByteCountMax + 1)
        for (address, reason) in [
            ("\"\"", "has an empty \"address\": leave it out for that of -a"),
            ("7", "has 7 for \"address\", but it must be a string"),
            (
                #""orders\u0000x""#,
                #"has the "address" "orders\u{0}x", which holds a control character: write it without"#
            ),
            (
                "\"orders\u{7F}\"",
                #"has the "address" "orders\u{7f}", which holds a control character: write it without"#
            ),
            ("\"\(tooLong)\"", "has an \"address\" of 4097 bytes: at most 4096 can be one"),
        ] {
            for body in ["1", "\"plain\""] {
                #expect(throws: BadMessage(reason)) {
                    try self.address("{\"body\":\(body),\"address\":\(address)}")
                }
            }
        }
        #expect(
            throws: BadMessage(
                "names the address \"q\", and each line goes to every -a: give one -a, for the lines "
                    + "that name none")
        ) {
            try self.address(#"{"body":"a","address":"q"}"#, mayNameAddress: false)
        }
    }
}
