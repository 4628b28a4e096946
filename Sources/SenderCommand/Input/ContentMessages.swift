// Messages made from one content.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The body of messages, which may differ from message to message.
struct ContentTemplate: Hashable, Sendable {
    private let text: FilledText

    /// A text with placeholders.
    init(_ text: String) {
        self.text = FilledText(Array(text.utf8))
    }

    /// The contents of a file, in which placeholders count unless it is sent as bytes.
    init(bytes: [UInt8], isVerbatim: Bool) {
        text = isVerbatim ? FilledText(verbatim: bytes) : FilledText(bytes)
    }

    /// A text of this size.
    init(byteCount: Int) {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        text = FilledText(verbatim: (0..<byteCount).map { letters[$0 % letters.count] })
    }

    /// Of counted messages, whose body is no text.
    static let none = ContentTemplate(bytes: [], isVerbatim: true)

    /// Identifies the content in a journal.
    var checksum: UInt32 { text.checksum }

    /// The text, if it has no placeholders.
    var constant: [UInt8]? { text.constant }

    func contains(_ placeholder: Placeholder) -> Bool { text.placeholders.contains(placeholder) }

    func bytes(sequence: UInt64, _ values: PlaceholderValues = PlaceholderValues()) -> [UInt8] {
        text.bytes(sequence: sequence, values)
    }

    fileprivate func message(
        by encoder: MessageEncoder, sequence: UInt64
    ) throws(BadMessage) -> [UInt8] {
        let bytes = bytes(sequence: sequence, encoder.values)
        return try encoder.message(encoder.beginning(bytes[...]), sequence: sequence)
    }

    /// Checks that the first message can be encoded, without making it where only its head is.
    fileprivate func check(by encoder: MessageEncoder) throws(BadMessage) {
        guard let constant, try encoder.head(bodySize: constant.count, sequence: 1) != nil else {
            _ = try message(by: encoder, sequence: 1)
            return
        }
        try encoder.check(constant[...])
    }
}

/// A source of messages whose body is the content with their number filled in.
///
/// A message is encoded when it is next, and stored until it is final. Of large ones that have the same body only
/// what stands before it is stored.
///
/// - Isolation: the container's loop.
final class ContentMessages: StoringSource {
    /// The error that prevents the next message.
    private(set) var fault: InputFault?

    private let template: ContentTemplate
    private let encoder: MessageEncoder
    private let count: UInt64
    private var lastTaken: UInt64 = 0
    private var made: [UInt8]?
    /// The body of all messages, if that is not stored with each.
    private let sharedBody: [UInt8]?
    var kept = KeptMessages()

    /// The size from which on a body is shared.
    private static let sharedSizeMin = 1 << 20

    init(_ template: ContentTemplate, encoder: MessageEncoder, count: UInt64) {
        self.template = template
        self.encoder = encoder
        self.count = count
        sharedBody = template.constant.flatMap { body in
            let hasHead = (try? encoder.head(bodySize: body.count, sequence: 1)) != nil
            return hasHead && body.count >= Self.sharedSizeMin ? body : nil
        }
    }

    /// Checks that the first message can be encoded.
    convenience init(
        checking template: ContentTemplate, encoder: MessageEncoder, option: String, count: UInt64
    ) throws(UsageError) {
        do throws(BadMessage) {
            try template.check(by: encoder)
        } catch {
            throw UsageError("the text of \(option) \(error.reason)")
        }
        self.init(template, encoder: encoder, count: count)
    }

    var next: NextMessage? {
        guard !isAtEnd, let made = makeNext() else { return nil }
        return NextMessage(sequence: lastTaken + 1, size: made.count + (sharedBody?.count ?? 0))
    }

    var isAtEnd: Bool { lastTaken >= count || fault != nil }

    var availableCount: Int { isAtEnd ? 0 : Int(clamping: count - lastTaken) }

    func take() {
        lastTaken += 1
        if let made { kept.append(made, sequence: lastTaken) }
        made = nil
    }

    func upcoming(countMax: Int) -> [JournalRecord] {
        guard let next else { return [] }
        let count = min(UInt64(countMax), count - lastTaken)
        return [.numbered(first: next.sequence, last: next.sequence + count - 1)]
    }

    func skip(through sequence: UInt64) {
        guard sequence > lastTaken else { return }
        lastTaken = sequence
        made = nil
    }

    func offer(
        while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) {
        if sharedBody == nil { offerEach(while: hasRoom, to: send) }
    }

    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        let encoded = stored(sequence) + (sharedBody ?? [])
        encoded.withUnsafeBytes(body)
    }

    func withPiece(
        of sequence: UInt64, from offset: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        let head = stored(sequence)
        if offset < head.count {
            head[offset...].withUnsafeBytes(body)
        } else {
            sharedBody?[(offset - head.count)...].withUnsafeBytes(body)
        }
    }

    private func stored(_ sequence: UInt64) -> [UInt8] {
        guard let stored = kept[sequence] else {
            preconditionFailure("message \(sequence) was not taken or is final")
        }
        return stored
    }

    private func makeNext() -> [UInt8]? {
        if let made { return made }
        let sequence = lastTaken + 1
        do throws(BadMessage) {
            made =
                if let sharedBody {
                    try encoder.head(bodySize: sharedBody.count, sequence: sequence)
                } else {
                    try template.message(by: encoder, sequence: sequence)
                }
        } catch {
            fault = .badContent(sequence: sequence, reason: error.reason)
        }
        return made
    }
}
