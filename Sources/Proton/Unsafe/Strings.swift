// Conversion of strings to and from C.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import CShim

/// Longest string that is taken from a peer; longer ones are cut.
///
/// - Units: bytes.
private let textSizeMax = 4096

/// Copies a string of the shim: invalid UTF-8 is repaired, and the size is limited.
func text(_ string: UnsafePointer<CChar>) -> String {
    var size = 0
    while size <= textSizeMax, string[size] != 0 { size += 1 }
    let bytes = UnsafeRawBufferPointer(start: string, count: size)
    guard size > textSizeMax else { return String(decoding: bytes, as: UTF8.self) }
    var end = textSizeMax
    // Back to the beginning of a character.
    while end > textSizeMax - 4, UTF8.isContinuation(bytes[end]) { end -= 1 }
    return String(decoding: bytes[..<end], as: UTF8.self)
}

/// Copies a string from a C array that holds its NUL.
func text(of bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}

/// C copies of Swift strings, which live as long as a call runs.
private struct CStrings {
    private var copies: [UnsafeMutableBufferPointer<CChar>] = []

    static func withCopies<Result>(_ body: (inout CStrings) -> Result) -> Result {
        var strings = CStrings()
        defer { strings.free() }
        return body(&strings)
    }

    mutating func copy(_ string: String) -> UnsafePointer<CChar> {
        let utf8 = string.utf8CString
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: utf8.count)
        _ = copy.initialize(from: utf8)
        copies.append(copy)
        // It is not empty: it has its NUL.
        return UnsafePointer(copy.baseAddress.unsafelyUnwrapped)
    }

    mutating func copy(optional string: String?) -> UnsafePointer<CChar>? {
        string.map { copy($0) }
    }

    /// Overwrites and frees the copies: some are passwords.
    private func free() {
        for copy in copies {
            copy.update(repeating: 0)
            copy.deallocate()
        }
    }
}

extension TLSOptions {
    private func shim(_ strings: inout CStrings) -> cshim_tls_options_t {
        cshim_tls_options_t(
            ca_file: strings.copy(optional: authoritiesFile),
            certificate_file: strings.copy(optional: certificateFile),
            key_file: strings.copy(optional: keyFile),
            key_password: strings.copy(optional: keyPassword),
            is_peer_verified: isPeerVerified,
            server_name: strings.copy(optional: serverName))
    }

    /// Lends the options, if there are any, to `body` as the shim's struct.
    fileprivate static func withShim<Result>(
        _ options: TLSOptions?, _ strings: inout CStrings,
        _ body: (UnsafePointer<cshim_tls_options_t>?, inout CStrings) -> Result
    ) -> Result {
        guard let options else { return body(nil, &strings) }
        let shim = options.shim(&strings)
        return withUnsafePointer(to: shim) { body($0, &strings) }
    }
}

extension TLSOptions {
    /// The first fault of the files; nil if there is none.
    ///
    /// - Isolation: any thread.
    /// - Blocks: yes, it reads the files.
    public var fault: TLSFault? {
        CStrings.withCopies { strings in
            TLSOptions.withShim(self, &strings) { shim, _ in
                shim.flatMap { TLSFault(cshim_tls_check($0)) }
            }
        }
    }
}

extension TLSFault {
    fileprivate init?(_ fault: cshim_tls_fault_t) {
        switch fault {
        case .none: return nil
        case .library: self = .library
        case .authorities: self = .authorities
        case .certificate: self = .certificate
        case .key: self = .key
        case .keyPassword: self = .keyPassword
        case .keyMismatch: self = .keyMismatch
        }
    }
}

extension ConnectionOptions {
    /// Lends the options to `body` as the shim's struct.
    func withShim<Result>(
        _ body: (UnsafePointer<cshim_connection_options_t>) -> Result
    ) -> Result {
        CStrings.withCopies { strings in
            TLSOptions.withShim(tls, &strings) { tls, strings in
                let options = cshim_connection_options_t(
                    host: strings.copy(host),
                    address: strings.copy(optional: address),
                    port: port,
                    virtual_host: strings.copy(optional: virtualHost),
                    idle_timeout_ms: idleTimeoutMilliseconds,
                    max_frame_size_bytes: maxFrameSize,
                    is_traced: isTraced,
                    tls: tls)
                return withUnsafePointer(to: options, body)
            }
        }
    }
}

extension Destination {
    /// Lends the options of a link of this name to `body` as the shim's struct.
    func withShim<Result>(
        name: String, _ body: (UnsafePointer<cshim_sender_options_t>) -> Result
    ) -> Result {
        CStrings.withCopies { strings in
            let pointers: [UnsafePointer<CChar>?] = capabilities.map { strings.copy($0) }
            return pointers.withUnsafeBufferPointer { buffer in
                let options = cshim_sender_options_t(
                    name: strings.copy(name),
                    address: strings.copy(address),
                    target_durability: durability.shim,
                    capabilities: buffer.baseAddress,
                    capability_count: buffer.count,
                    is_pre_settled: isPreSettled)
                return withUnsafePointer(to: options, body)
            }
        }
    }
}

extension TerminusDurability {
    fileprivate var shim: cshim_durability_t {
        switch self {
        case .none: .none
        case .configuration: .configuration
        case .unsettledState: .unsettledState
        }
    }
}
