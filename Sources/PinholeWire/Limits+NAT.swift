/// What NATs and routers do, and how they are passed.
extension Limits {
    // MARK: NAT behaviour (protocol §4.9)

    /// RFC 8489 §6.2.1: "A client SHOULD retransmit a STUN request message starting with an interval of RTO"; three
    /// times 250 ms without growth, since a measurement is waited for.
    package static let measurementRetry: Duration = .milliseconds(250)
    package static let measurementAttempts = 3
    /// "at most every 10 s": what a service alone says is no reason for one measurement after another.
    package static let measurementInterval: Duration = .milliseconds(10_000)
    /// "not within a minute": a service that showed nothing may have been cut off for a moment.
    package static let blindMeasurementInterval: Duration = .milliseconds(60_000)
    /// "k ≥ 4": the sockets beside the main one whose mappings show how ports are given away.
    package static let samplingSockets = 4
    /// Mappings of one peer are made this far apart, so that they are numbered in the order of their requests.
    package static let samplingPacing: Duration = .milliseconds(5)
    /// RFC 7422 §2: carriers give subscribers blocks of ports; "≤ 1024" is what can be searched.
    package static let maxPortBlock: UInt16 = 1024
    /// "sacrificial sockets of different ages: 25, 55, 110, 170, 290 s".
    package static let mappingAges: [Duration] = [25, 55, 110, 170, 290].map { .seconds($0) }
    /// Whoever is gone sooner has not needed to know.
    package static let lifetimeTestDelay: Duration = .seconds(10)
    /// After this a lifetime is measured again.
    package static let lifetimeValidity: Duration = .seconds(86_400)

    // MARK: Local network (protocol §6)

    package static let beaconPort: UInt16 = 41410
    /// "n is 8, 16, 32, 64 or 128".
    package static let beaconEntries = 128
    /// Contacts that one round of beacons is for; the others have the next.
    package static let beaconContacts = 8 * (beaconEntries - 1)
    /// "0, 1, 3, 7 … s after the network changed, and each 60 s, ±25 %".
    package static let beaconFirstInterval: Duration = .milliseconds(1000)
    package static let beaconMaxInterval: Duration = .milliseconds(60_000)
    /// Two and a half intervals without a beacon: the neighbour is gone.
    package static let neighbourLifetime: Duration = .milliseconds(150_000)
    /// Seconds; a recorded beacon can be repeated no longer than two of these.
    package static let beaconEpoch: UInt64 = 3600
    /// Each is compared with all contacts: "at most 32 a second, 8 of one address".
    package static let beaconsPerSecond = 32
    package static let beaconsPerSecondPerSource = 8
    /// "no further ones in a second in which 200,000 keys were tried": some 10 % of a core.
    package static let beaconTrialsPerSecond = 200_000

    // MARK: Port mapping (protocol §5.5)

    /// "asked after 0, 250, 750 and 1750 ms, and judged 2 s later".
    package static let mappingFirstInterval: Duration = .milliseconds(250)
    package static let mappingAttempts = 4
    /// "again every 10 minutes".
    package static let mappingRecheck: Duration = .milliseconds(600_000)
    /// "30 s later where the service was silent too".
    package static let mappingPatience: Duration = .milliseconds(30_000)
    /// RFC 6887 §19.1 and RFC 6886 §1.1: the port of a gateway that maps.
    package static let gatewayPort: UInt16 = 5351
    /// RFC 6886 §3.3: "The RECOMMENDED Port Mapping Lifetime is 7200 seconds (two hours)." In seconds.
    package static let mappingLifetime: UInt32 = 7200
    /// "the first answer within 250 ms; the others may answer for 2 s".
    package static let gatewayFirstAnswer: Duration = .milliseconds(250)
    package static let gatewayPatience: Duration = .milliseconds(2000)
    /// RFC 6886 §3.1: "starting at 250 ms and doubling". A gateway is on the same network: three packets suffice.
    package static let gatewayAttempts = 3
    /// Leases that are shorter are no leases, in seconds.
    package static let minMappingLease: UInt32 = 30
    /// RFC 6887 §15: "should not exceed 24 hours", in seconds.
    package static let maxMappingLease: UInt32 = 86_400
    /// RFC 6887 §8.5 has clients wait "between 0 and 5 seconds" after a gateway began anew; no second one counts within.
    package static let gatewayResetPause: Duration = .milliseconds(5000)
    /// A network without a gateway that maps is asked again after this.
    package static let gatewayRest: Duration = .milliseconds(900_000)

    // MARK: Punching through hard NATs (protocol §5.6)

    /// "balanced birthday: 512 × 512": sockets on the side whose port is random, and on the other half the ports that it
    /// tries at most. 512 × 512 meet in 98.3 of 100 cases; then 512 new sockets take the place of the first.
    package static let birthdaySockets = 512
    package static let birthdayProbes = 1024
    /// A NAT that counts is aimed at with so many sockets, over so many of its next ports.
    package static let predictedSockets = 16
    package static let predictedProbes = 64
    /// Of two NATs that count, each packet moves both; so many packets find the sum of their drifts.
    package static let predictedSweep = 128
    /// Two such windows; then the counter is not what it seemed.
    package static let predictions = 2
    /// And so many sweeps, where both count.
    package static let predictedSweeps = 5
    /// In a block of 1024 these meet in more than 99.99 of 100 cases.
    package static let blockSockets = 128
    package static let blockProbes = 384
    /// Two NATs with blocks of 1024: 63 of 100 cases.
    package static let blockSweep = 1024
    /// What is narrower is no block that carriers give: 64 ports are the least of RFC 7422's examples, of which samples
    /// show a part.
    package static let narrowestBlock = 16
    /// "200–300/s".
    package static let punchInterval: Duration = .milliseconds(4)
    /// "At most 1,100 NAT entries a side and attempt", of which the candidates may need some.
    package static let punchEntries = 1100 - 2 * maxCandidates
    /// "one such punch at a time, 20 s apart".
    package static let punchSpacing: Duration = .milliseconds(20_000)
}
