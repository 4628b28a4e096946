// The options of a command line: as given, and checked.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The options as given, with the documented defaults.
struct CommandOptions: Hashable {
    /// The values of --address.
    var addresses: [GivenAddress] = []
    /// Links to each address.
    var links = 1
    var failover: [TargetURL] = []
    /// Overrides the user in the URL.
    var user: String?
    /// Overrides the password in the URL; never printed.
    var password: String?
    var security = SecurityOptions()
    var isTracing = false
    var content: String?
    var contentFile: String?
    var contentByteCount: Int?
    var takesLines = false
    var takesJSON = false
    var delimiter: Delimiter?
    var lineByteCountMax: Int?
    var bodyType: BodyType?
    var onBadData: OnBadData?
    var isAnyBodyFileAllowed = false
    /// nil: the default for the input.
    var messages: Int?
    /// nil: the default for the input.
    var interval: Milliseconds?
    /// nil: the default.
    var burst: Int?
    /// Messages per second; nil: as the interval says.
    var rate: Double?
    /// nil: new messages are taken as long as there are any.
    var duration: Milliseconds?
    /// Properties that all messages share.
    var prototype = CommandOptions.durableMessage
    /// nil: the durability of the messages.
    var targetDurability: TerminusDurability?
    /// As given, including `none`; nil: the default.
    var capabilities: [String]?
    /// nil: messages have no duplicate id.
    var duplicateIDProperty: String?
    var runID: String?
    var isPreSettled = false
    var recovery = RecoveryOptions()
    /// nil: the default for the interval.
    var maxRetryInterval: Milliseconds?
    var idleTimeout: Milliseconds = 30_000
    var journal: String?
    var rejectedFile: String?
    var isQuiet = false
    var reporting = ReportingOptions()

    private static var durableMessage: Message {
        var message = Message()
        message.isDurable = true
        return message
    }
}

/// The complete and consistent options of a run.
struct RunOptions: Hashable {
    /// The URL of each address.
    var targets: [TargetURL]
    /// The targets, and the links to each.
    var destinations: Destinations
    var user: String?
    var password: String?
    /// Files of secrets that are read again at each connect.
    var secretFiles: SecretFiles
    /// Sentences about odd options that don't prevent the run.
    var warnings: [String] = []
    /// As given, completed by the connect file.
    var security: SecurityOptions
    var isTracing: Bool
    var input: InputOptions
    /// nil: no limit.
    var messages: Int?
    /// Time in which new messages are taken; nil: no limit.
    var duration: Milliseconds?
    /// Properties that all messages share; sources add to them or override them.
    var prototype: Message
    /// Those of them that have placeholders; nil for none.
    var filled: FilledProperties?
    /// nil: messages have no duplicate id.
    var duplicateIDProperty: String?
    /// nil: that of the journal, or a random one.
    var runID: String?
    var journal: String?
    var rejectedFile: String?
    var isQuiet: Bool
    var reporting: ReportingOptions
    var sending: SendingOptions

    /// Checks the options.
    ///
    /// - Blocks: while files are read and a password is asked for.
    init(_ given: CommandOptions, _ environment: Environment = .none) throws(UsageError) {
        var given = given
        var environment = environment
        // No peer gets it.
        if given.reporting.isDryRun { environment.askForPassword = { _ in "none" } }
        let (targets, targetWarning) = try given.takeTargets(environment)
        self.targets = targets
        security = given.security
        for file in given.files { try file.checkDescriptor(environment) }
        let peers = try Peers(given, targets, environment)
        let tls = try security.tls(environment)
        warnings =
            peers.warnings + [targetWarning, tls.keyPasswordFile?.warning].compactMap(\.self)
        input = try InputOptions(given)
        duration = given.duration
        messages = given.messages ?? (duration == nil ? input.input.messagesStandard : nil)
        prototype = try Self.prototype(given)
        let filled = try FilledProperties(of: &prototype)
        self.filled = filled.isEmpty ? nil : filled
        if let content = given.content { _ = try FilledText(strict: content, of: "--content") }
        guard targets.count == 1 || !input.input.isStandardInput || !filled.contains(.address)
        else {
            throw UsageError(
                "{{address}} has no value where each message goes to several addresses: "
                    + "leave it out")
        }
        if prototype.to != nil {
            warnings.append(
                "warning: a router that has lost the broker behind a link may send messages to "
                    + "the address of --to instead")
        }
        isQuiet = given.isQuiet
        reporting = given.reporting
        try reporting.checkForContradictions()
        journal = given.journal
        rejectedFile = given.rejectedFile
        duplicateIDProperty = given.duplicateIDProperty
        runID = given.runID
        try Self.checkRunID(given, filled)
        user = peers.endpoints[0].user
        password = peers.endpoints[0].password
        secretFiles = peers.secretFiles
        secretFiles.key = tls.keyPasswordFile?.renewable
        isTracing = given.isTracing
        sending = try Self.sending(given, to: peers.endpoints, tls.settings)
        sending.recovery.isLoginRenewable = secretFiles.isToken && secretFiles.login != nil
        destinations = try Destinations(given, addresses: targets.map(\.address), input: input)
        warnings += [multiplierWarning, reporting.metricsHint].compactMap(\.self)
    }

    /// Checks the message properties before anything is sent.
    private static func prototype(_ given: CommandOptions) throws(UsageError) -> Message {
        var message = given.prototype
        if let key = given.duplicateIDProperty {
            guard !message.applicationProperties.contains(where: { $0.hasKey(key) }) else {
                throw UsageError(
                    "--property \(quoted(key)) is what --duplicate-id gives each message: "
                        + "leave one of them out, or give --duplicate-id another name")
            }
            message.applicationProperties.append(MapEntry(key: key, value: .string("")))
        }
        do throws(EncodingError) {
            _ = try message.encoded()
        } catch {
            throw UsageError(
                "the message properties can't be sent: \(printable(error.reason))")
        }
        return given.prototype
    }

    private static func checkRunID(
        _ given: CommandOptions, _ filled: FilledProperties
    ) throws(UsageError) {
        let usesRunID =
            given.contentFile != nil || filled.contains(.runID)
            || given.content.map { ContentTemplate($0).contains(.runID) } ?? false
        guard given.runID == nil || given.duplicateIDProperty != nil || usesRunID else {
            throw UsageError(
                "--run-id has no effect without --duplicate-id or {{run-id}}: add one of them")
        }
    }

    private static func sending(
        _ given: CommandOptions, to endpoints: [Endpoint], _ tls: TLSOptions
    ) throws(UsageError) -> SendingOptions {
        let security = given.security
        var sending = SendingOptions(endpoints: endpoints)
        sending.tls = tls
        sending.saslMechanisms = security.saslMechanisms ?? []
        sending.virtualHost = security.virtualHost
        sending.isInsecureAuthenticationAllowed = security.isInsecureAuthenticationAllowed
        sending.idleTimeout = given.idleTimeout
        sending.recovery = try recovery(given)
        return sending
    }

    private static func recovery(_ given: CommandOptions) throws(UsageError) -> RecoveryOptions {
        var recovery = given.recovery
        if !given.failover.isEmpty { recovery.mayReconnect = true }
        let interval = recovery.retry.interval
        recovery.retry.maximum = given.maxRetryInterval ?? max(recovery.retry.maximum, interval)
        guard recovery.retry.maximum >= interval else {
            throw UsageError(
                "--max-retry-interval is \(recovery.retry.maximum), but must be at least the "
                    + "\(interval) of --sender-retry-interval")
        }
        guard !given.isPreSettled || recovery.redeliveries < 0 else {
            throw UsageError(
                "--redeliveries has no effect with --pre-settled, where no message comes back: "
                    + "leave one of them out")
        }
        let both = recovery.fatalConditions.first(where: recovery.retryableConditions.contains)
        if let both {
            throw UsageError(
                "\(quoted(both)) is given to --fatal and to --retryable: give it to one of them")
        }
        return recovery
    }
}
