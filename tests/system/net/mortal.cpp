// mortal.cpp - asks for reports until somebody has the peer send a data frame; then sends as fast
// as it can, and ends with frames on their way in both directions.
#include "station.hpp"

#include <sys/process.hpp>

int app_main(const sys::Startup& given)
{
    net::Interface nic;
    if (!nic.open(given, "nic0", {.filter = station::only(peer::data_type)}))
        return 1;
    do {
        station::tell(nic, peer::Op::report);
    } while (!nic.wait(sys::after_ms(20)));
    for (u32 n = 0; n < 500;) {
        auto frame = nic.frame();
        if (!frame) {
            (void)nic.wait_sent();
            continue;
        }
        const auto bytes = frame->bytes();
        std::memset(bytes.data(), 0xff, 12);
        bytes[12] = std::byte{peer::data_type >> 8};
        bytes[13] = std::byte{peer::data_type & 0xff};
        frame->resize(1000);
        while (nic.send(std::move(*frame)).error_or(Errc::ok) == Errc::would_block)
            (void)nic.wait_sent();
        ++n;
        if (n % 16 == 0)
            nic.kick();
        (void)nic.receive();
    }
    nic.kick();
    sys::exit(0);  // nothing is waited for, and nothing is closed
}
