import CEmulator
import Testing

/// The words by which conditions are told.
@Suite("conditions")
struct ConditionsTests {
    @Test("each word says what it says")
    func words() throws {
        let line = try Line(
            "delay=20ms jitter=1.5ms+reorder loss=1%/50%/80%/0.5% reorder=25%/5ms duplicate=1% corrupt=2% rate=10Mbit "
                + "queue=64KiB mark=20ms mtu=1280 outage=5s/2s")
        let conditions = line.conditions
        #expect(conditions.delay == 20_000_000 && conditions.jitter == 1_500_000 && conditions.jitter_reorders)
        #expect(conditions.good_to_bad == 0.01 && conditions.bad_to_good == 0.5)
        #expect(conditions.bad_loss == 0.8 && conditions.good_loss == 0.005)
        #expect(conditions.reorder == 0.25 && conditions.reorder_gap == 5_000_000)
        #expect(conditions.duplicate == 0.01 && conditions.corrupt == 0.02)
        #expect(conditions.rate == 10_000_000 && conditions.mtu == 1280)
        #expect(conditions.queue_bytes == 65_536 && conditions.queue_time == 0)
        #expect(conditions.mark_bytes == 0 && conditions.mark_time == 20_000_000)
        #expect(conditions.up == 5_000_000_000 && conditions.down == 2_000_000_000)
    }

    @Test("what is not named stays, and 0 takes away")
    func changes() throws {
        let line = try Line("delay=20ms loss=1%/4 rate=1Gbit")
        try line.set("loss=0")
        #expect(line.conditions.delay == 20_000_000 && line.conditions.rate == 1_000_000_000)
        #expect(line.conditions.good_to_bad == 0 && line.conditions.bad_loss == 0)
        try line.set("delay=0 rate=0")
        #expect(line.conditions.delay == 0 && line.conditions.rate == 0)
    }

    @Test(
        "a wrong word is named, and nothing is changed",
        arguments: [
            "delay", "delay=", "delay=20", "delay=20m", "delay=-1ms", "delay=20msx", "lag=1ms", "loss=101%", "loss=1",
            "loss=1%/", "loss=90%/2", "loss=1%/2%/3%", "loss=1%/0", "rate=10", "rate=10Mb", "queue=64", "mtu=1280B",
            "mtu=70000", "outage=5s", "outage=5s/0", "outage=maybe", "jitter=5ms+order", "reorder=5%/", "seed=x",
            "delay=nan", "delay=0x10ms", "delay=1e99s",
        ])
    func wrong(_ word: String) throws {
        let line = try Line("delay=1ms")
        #expect(throws: Line.Wrong(word: word)) { try line.set("delay=2ms \(word)") }
        #expect(line.conditions.delay == 1_000_000)
    }
}
