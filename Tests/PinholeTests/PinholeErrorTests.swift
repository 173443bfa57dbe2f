import Pinhole
import Testing

@Test("an error reads as its sentence and its hint")
func errorDescription() {
    #expect(PinholeError(.other, "no route to carol").description == "no route to carol")
    #expect(PinholeError(.other, "no route", hint: "use IPv6").description == "no route; hint: use IPv6")
}
