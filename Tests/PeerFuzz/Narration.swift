// Frames in words, for whoever looks into one run.
// SPDX-License-Identifier: Apache-2.0

internal import RawPeer

extension Frame {
    var summary: String {
        let tail = payload.isEmpty ? "" : " + \(payload.count) bytes"
        let values = "\(fields)".replacing("RawPeer.Value.", with: ".")
        return "\(performative) on \(channel): \(values)\(tail)"
    }
}

extension Utterance {
    var summary: String {
        guard let bytes else { return "\(frame.summary)" + (isDisposition ? " \(verdict)" : "") }
        let digits = bytes.prefix(120).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }
        return "bytes " + digits.joined()
    }
}
