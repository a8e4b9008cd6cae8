// lab/net_load.cpp - makes frames, and looks at what comes back.
#include "net_load.hpp"

#include <cstring>

#include <block/stamp.hpp>
#include <net/packets.hpp>

namespace lab {

namespace {

constexpr u64 wait_ms = 5;
constexpr u64 answer_ms = 60;
constexpr u32 first_waits = 400;  // a host that is busy may take long; nobody is in a hurry
constexpr u32 later_waits = 20;   // once something was lost
constexpr u32 waits_a_question = 10;
constexpr usize link_bytes = 14;

// Behind the Ethernet header; bytes that continue from it follow.
struct Head {
    static constexpr u32 magic_value = 0x626c'656e;

    u32 magic;
    u32 trial;
    u32 number;
    u32 bytes;  // of the frame
    u32 crc;    // of the frame behind its link header, with zero here
};

constexpr net::Filter filter{.address = {},
                             .ether_type = net::EtherType::experiment,
                             .vlan = 0,
                             .flags = net::FilterFlags::own,
                             .reserved = 0};

u32 size_of(const Trial& trial, u32 number)
{
    return 64 + static_cast<u32>(Dice{trial.seed + number}.below(1400));
}

u32 crc_of(std::span<const std::byte> frame)
{
    const auto rest = frame.subspan(link_bytes);
    return block::crc32c({reinterpret_cast<const u8*>(rest.data()), rest.size()});
}

}  // namespace

Result<> NetLoad::open()
{
    most_waits_ = first_waits;
    return nic_.open(*given_, order_.victim,
                     {.receive_frames = 32, .send_frames = 32, .filter = filter});
}

bool NetLoad::send(u32 number)
{
    auto frame = nic_.frame();
    if (!frame)
        return false;
    frame->resize(size_of(trial_, number));
    const auto bytes = frame->bytes();
    std::memset(bytes.data(), 0xff, 6);
    std::memcpy(&bytes[6], nic_.info().mac.data(), 6);
    bytes[12] = std::byte{net::EtherType::experiment >> 8};
    bytes[13] = std::byte{net::EtherType::experiment & 0xff};
    Dice dice{trial_.seed ^ number};
    for (usize at = link_bytes + sizeof(Head); at < bytes.size(); ++at)
        bytes[at] = static_cast<std::byte>(dice.next());
    Head head{Head::magic_value, trial_.number, number, static_cast<u32>(bytes.size()), 0};
    std::memcpy(&bytes[link_bytes], &head, sizeof(head));
    head.crc = crc_of(bytes);
    std::memcpy(&bytes[link_bytes], &head, sizeof(head));
    const auto sent = nic_.send(std::move(*frame));
    if (!sent && sent.error() != Errc::would_block)
        findings_.error(sent.error());
    return sent.has_value();
}

bool NetLoad::step()
{
    while (sent_ < frames && (sent_ < window || !waits_for(sent_ - window)) && send(sent_))
        ++sent_;
    nic_.kick();
    if (!take())
        wait();
    return waits_for(frames - 1) && findings_.errors == 0;
}

bool NetLoad::take()
{
    const auto arrival = nic_.receive();
    if (!arrival)
        return false;
    look(arrival->frame.bytes());
    waits_ = 0;
    return true;
}

void NetLoad::look(std::span<const std::byte> frame)
{
    std::array<std::byte, 2048> copy{};
    Head head{};
    if (frame.size() < link_bytes + sizeof(head) || frame.size() > copy.size())
        return findings_.wrong(true, frame.size());
    std::memcpy(copy.data(), frame.data(), frame.size());
    std::memcpy(&head, &copy[link_bytes], sizeof(head));
    const u32 said = std::exchange(head.crc, 0);
    std::memcpy(&copy[link_bytes], &head, sizeof(head));
    const auto whole = std::span{copy}.first(frame.size());
    if (head.magic != Head::magic_value || head.bytes != frame.size() || crc_of(whole) != said)
        return findings_.wrong(true, next_);
    if (head.trial != trial_.number)
        return;  // late: of a trial that did not wait for it
    // Again, or after one that was sent later; or one that nobody sent.
    if (head.number < next_ || head.number >= sent_)
        return findings_.wrong(false, head.number);
    next_ = head.number + 1;
    ++findings_.operations;
}

// What was on its way when a server died is not waited for, but may come; what is not answered for
// long is lost.
void NetLoad::wait()
{
    const auto woken = nic_.wait(sys::after_ms(wait_ms));
    if (!woken && woken.error() != Errc::timed_out)
        return findings_.error(woken.error());
    if (seen_restarts_ != nic_.restarts()) {
        seen_restarts_ = nic_.restarts();
        return abandon();
    }
    if (woken)
        return;
    if (++waits_ % waits_a_question == 0)
        (void)victim_->ask(sys::after_ms(answer_ms));
    if (waits_ < most_waits_)
        return;
    ++findings_.retries;
    abandon();
}

void NetLoad::abandon()
{
    abandoned_ = sent_;
    waits_ = 0;
    most_waits_ = later_waits;
}

Result<> NetLoad::probe()
{
    const u32 errors = findings_.errors;  // the load may have seen some
    for (u32 tries = 0; sent_ < most_numbers && tries < 8; ++tries) {
        const u32 number = sent_;
        const u32 before = findings_.operations;
        if (!send(number)) {
            (void)nic_.wait_sent(sys::after_ms(answer_ms));
            continue;
        }
        ++sent_;
        nic_.kick();
        while (waits_for(number) && findings_.errors == errors)
            if (!take())
                wait();
        findings_.lost = sent_ - findings_.operations;
        if (next_ == number + 1 && findings_.operations > before)
            return {};
    }
    return fail(Errc::timed_out);
}

}  // namespace lab
