// The URL of the target.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// A URL of --address or --failover, as the library parses it, with the sentences of a command line.
struct TargetURL: Hashable {
    var endpoint: Endpoint
    /// Address; empty in a --failover URL without one.
    var address: String
    /// The URL without user and password, for printing.
    var display: String

    /// Parses a URL with an address.
    init(_ text: String) throws(UsageError) {
        let form = URLForm()
        self.init(
            try form.read(text) { () throws(URLFault) -> EndpointURL in try EndpointURL(text) })
        if address.isEmpty {
            throw form.wrong(text, "an address must follow the host, as in amqp://host/address")
        }
    }

    /// Parses a URL whose address is optional.
    init(router text: String, of option: String) throws(UsageError) {
        let form = URLForm(name: "the URL of \(option)", form: "amqp://host[:port]")
        self.init(
            try form.read(text) { () throws(URLFault) -> EndpointURL in try EndpointURL(text) })
    }

    /// Combines an address with the connection of the connect file.
    init(address text: String, on file: ConnectFile) throws(UsageError) {
        let form = URLForm()
        let path = text.hasPrefix("/") ? text.dropFirst() : text[...]
        address = try form.read(text) { () throws(URLFault) -> String in
            try EndpointURL.checkForm(text)
            return try EndpointURL.address(path)
        }
        guard !address.isEmpty else { throw form.wrong(text, "it is empty, write an address") }
        endpoint = Endpoint(
            host: file.host, port: file.port, user: file.user, password: file.password,
            isTLS: file.isTLS)
        display = "\(endpoint)/\(path)"
    }

    /// Whether a text is meant as a URL.
    static func isURL(_ text: String) -> Bool { EndpointURL.isURL(text) }

    private init(_ url: EndpointURL) {
        endpoint = url.endpoint
        address = url.address
        display = url.display
    }
}

/// The name of a URL in an error, and the form that it must have.
private struct URLForm {
    var name = "the URL"
    var form = "amqp://host[:port]/address"

    func read<Value>(
        _ text: String, _ body: () throws(URLFault) -> Value
    ) throws(UsageError) -> Value {
        do throws(URLFault) {
            return try body()
        } catch {
            throw wrong(text, reason(error))
        }
    }

    func wrong(_ text: String, _ reason: String) -> UsageError {
        UsageError("\(name) \(quoted(withoutSecrets(text))) is wrong: \(reason)")
    }

    private func reason(_ fault: URLFault) -> String {
        switch fault {
        case .connectionString:
            "a connection string is not a URL: write amqps://HOST/ADDRESS with its host, --user with "
                + "its SharedAccessKeyName, and put its SharedAccessKey into the file of "
                + "--password-file"
        case .secretInAddress(let name):
            "what follows \(name)= may be a secret, and the address is printed: give it as the "
                + "password, best with --password-file, or write = in an address as %3D"
        default:
            fault.reason(form: form, address: "/address")
        }
    }
}
