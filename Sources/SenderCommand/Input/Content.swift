// The body of --content, --content-file and --content-size.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The content of --content, --content-file or --content-size.
struct Content {
    let template: ContentTemplate
    /// The regular file that it was read from.
    let identity: FileIdentity?

    /// Reads the content; nil for other inputs.
    ///
    /// Runs before the run creates any file: one of those could be the file to read.
    ///
    /// - Throws: A `UsageError`, a ``StoppedEarly``, or a `SystemError`.
    init?(_ options: InputOptions, unlessStoppedBy signals: StopSignals) throws {
        switch options.input {
        case .lines, .json:
            return nil
        case .counted:
            guard let byteCount = options.contentByteCount else { return nil }
            template = ContentTemplate(byteCount: byteCount)
            identity = nil
        case .content(let text):
            template = ContentTemplate(text)
            identity = nil
        case .contentFile(let path):
            let file = try openContent(path)
            identity = file.identity
            template = ContentTemplate(
                bytes: try contents(of: file, path, unlessStoppedBy: signals),
                isVerbatim: options.bodyType == .binary)
        }
    }
}

private func openContent(_ path: String) throws(UsageError) -> OpenFile {
    do throws(SystemError) {
        return try OpenFile(path, O_RDONLY | O_NONBLOCK)
    } catch {
        throw unreadable(path, error)
    }
}

/// Reads a whole file, or a named pipe until its writer closes it.
private func contents(
    of file: OpenFile, _ path: String, unlessStoppedBy signals: StopSignals
) throws -> [UInt8] {
    let byteCountMax = MessageEncoder.encodedByteCountMax
    let stop = try WakePipe()
    signals.onFirst { stop.wake() }
    var bytes: [UInt8] = []
    // An array that grows takes twice its size for a moment.
    do throws(SystemError) {
        bytes.reserveCapacity(min(Int(try file.status.st_size), byteCountMax))
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= byteCountMax, stop.wait(orFor: file.descriptor) {
            guard let count = try file.readNext(&chunk) else { continue }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    } catch {
        throw unreadable(path, error)
    }
    if let signal = signals.first { throw StoppedEarly(signal: signal) }
    throw UsageError(
        "--content-file \(quoted(path)) holds more than \(byteCountMax >> 20) MiB: "
            + "send it in parts")
}

private func unreadable(_ path: String, _ error: SystemError) -> UsageError {
    UsageError("--content-file \(quoted(path)) can't be read: \(error)")
}

extension OpenFile {
    /// Reads what is there; 0 at the end, nil when there is nothing now.
    fileprivate func readNext(_ buffer: inout [UInt8]) throws(SystemError) -> Int? {
        do throws(SystemError) {
            return try retrying {
                buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            }
        } catch {
            guard error.number == EAGAIN else { throw error }
            return nil
        }
    }
}
