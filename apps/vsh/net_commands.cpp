// vsh/net_commands.cpp - net ...
#include "hexdump.hpp"
#include "shell.hpp"

#include <net/blocking.hpp>
#include <net/packets.hpp>
#include <sys/time.hpp>

namespace vsh {

namespace {

constexpr net::Options options{.receive_frames = 64, .send_frames = 16};
constexpr u64 patience_ms = 5'000;
// The address that QEMU's user network gives its guest; the gateway there is 10.0.2.2.
constexpr net::Ipv4 own_ip{10, 0, 2, 15};

std::string_view title(const Command& command, text::Writer& into)
{
    for (const Form& form : forms)
        if (form.verb == command.verb)
            into.put(form.group).put(' ').put(form.name).put(' ').put(command.nic.substr(0, 32));
    return into.view();
}

void row(std::string_view name, u64 value, std::string_view unit = {})
{
    Line line;
    print(line.left(name, 18).number(value).put(unit));
}

Result<> info(net::Interface& nic)
{
    const auto asked = nic.ask();
    if (!asked)
        return fail(asked.error());
    using Flags = proto::net::InfoFlags;
    const auto has = [&](u32 flag) { return (asked->flags & flag) != 0; };
    Line line;
    net::put(line.left("address", 18), asked->mac);
    print(line.put(has(Flags::mac_made_up) ? " (made up)" : ""));
    line.rewind(0);
    print(line.left("link", 18).put(has(Flags::link_up) ? "up" : "down"));
    row("mtu", asked->mtu, " bytes");
    row("longest frame", asked->max_frame, " bytes");
    line.rewind(0);
    print(line.left("checksums", 18)
              .put(has(Flags::send_checksum) ? "device" : "server")
              .put(has(Flags::receive_checksum) ? ", checked by the device" : ""));
    line.rewind(0);
    print(line.left("filter", 18).put(has(Flags::settled) ? "settled" : "not settled"));
    line.rewind(0);
    print(line.left("features", 18).put("0x").hex(asked->accepted));
    return {};
}

Result<> stats(net::Interface& nic)
{
    const auto all = nic.stats();
    if (!all)
        return fail(all.error());
    row("received", all->received_frames, " frames");
    row("received", all->received_bytes, " bytes");
    row("unwanted", all->unwanted, " frames");
    row("malformed", all->malformed, " frames");
    row("sent", all->sent_frames, " frames");
    row("sent", all->sent_bytes, " bytes");
    row("lost", all->lost_frames, " frames");
    row("refused", all->refused_frames, " frames");
    row("notifies", all->notifies);
    row("interrupts", all->interrupts);
    row("register accesses", all->accesses);
    row("resets", all->resets);
    return {};
}

// To everybody, of a type for local experiments.
Result<> send(net::Interface& nic, const Command& command)
{
    std::array<u8, 14 + max_text_bytes> frame{};
    std::memcpy(frame.data(), net::everybody.data(), 6);
    std::memcpy(&frame[6], nic.info().mac.data(), 6);
    frame[12] = net::EtherType::experiment >> 8;
    frame[13] = net::EtherType::experiment & 0xff;
    std::memcpy(&frame[14], command.text.data(), command.text.size());
    net::Blocking blocking{nic};
    const auto bytes = std::as_bytes(std::span{frame}).first(14 + command.text.size());
    const auto sent = blocking.send(bytes, sys::after_ms(patience_ms));
    if (!sent)
        return sent;
    if (const auto out = blocking.flush(sys::after_ms(patience_ms)); !out)
        return out;
    return nic.refused() == 0 ? Result<>{} : fail(Errc::device_fault);
}

Result<> dump(net::Interface& nic, const Command& command)
{
    net::Blocking blocking{nic};
    for (u64 n = 0; n < command.count; ++n) {
        const auto got = blocking.receive(sys::after_ms(patience_ms));
        if (!got)
            return fail(got.error());
        Line line;
        print(line.put("frame of ").number(got->frame.size()).put(" bytes"));
        Hexdump rows{0};
        for (auto data = std::span<const std::byte>{got->frame.bytes()}; !data.empty();) {
            const auto part = data.first(std::min<usize>(data.size(), Hexdump::row_bytes));
            if (const auto text = rows.row(part); !text.empty())
                sys::out(text);
            data = data.subspan(part.size());
        }
        sys::out(rows.end());
    }
    return {};
}

template <usize N>
std::span<const std::byte> view(const std::array<u8, N>& frame)
{
    return std::as_bytes(std::span{frame});
}

// What `read` makes of the frames that come, as soon as it makes something of one. Who asks for our
// address meanwhile is answered.
template <class Read>
auto answer(net::Interface& nic, const net::Address& own, abi::Ticks deadline, Read read)
    -> Result<typename decltype(read(std::span<const u8>{}))::value_type>
{
    net::Blocking blocking{nic};
    for (;;) {
        const auto got = blocking.receive(deadline);
        if (!got)
            return fail(got.error());
        const auto bytes = got->frame.bytes();
        const std::span frame{reinterpret_cast<const u8*>(bytes.data()), bytes.size()};
        if (const auto found = read(frame))
            return *found;
        if (const auto said = net::arp_answer(frame, own))
            if (const auto sent = blocking.send(view(*said), deadline); !sent)
                return fail(sent.error());
    }
}

Result<net::Mac> resolve(net::Interface& nic, const net::Address& own, const net::Ipv4& wanted)
{
    const auto deadline = sys::after_ms(patience_ms);
    const auto sent = net::Blocking{nic}.send(view(net::arp_request(own, wanted)), deadline);
    if (!sent)
        return fail(sent.error());
    return answer(nic, own, deadline,
                  [&](std::span<const u8> frame) { return net::arp_said(frame, wanted, own); });
}

Result<> arp(net::Interface& nic, const net::Ipv4& wanted)
{
    const auto mac = resolve(nic, {nic.info().mac, own_ip}, wanted);
    if (!mac)
        return fail(mac.error());
    Line line;
    net::put(line, wanted);
    net::put(line.put(" is at "), *mac);
    print(line);
    return {};
}

Result<> ping(net::Interface& nic, const net::Ipv4& wanted, u64 count)
{
    const net::Address own{nic.info().mac, own_ip};
    const auto mac = resolve(nic, own, wanted);
    if (!mac)
        return fail(mac.error());
    for (u64 n = 1; n <= count; ++n) {
        const net::Echo echo{0x5652, static_cast<u16>(n)};
        const auto began = sys::now();
        const auto deadline = sys::after_ms(patience_ms);
        const auto request = net::echo_request(own, {*mac, wanted}, echo);
        if (const auto sent = net::Blocking{nic}.send(view(request), deadline); !sent)
            return sent;
        const auto heard = answer(nic, own, deadline, [&](std::span<const u8> frame) {
            const auto said = net::echo_answered(frame, own);
            return said == echo ? said : std::nullopt;
        });
        if (!heard)
            return fail(heard.error());
        Line line;
        net::put(line.put("answer from "), wanted);
        print(line.put(": seq=").number(n).put(" us=").number(
            sys::to_nanoseconds(abi::Ticks{sys::now().raw() - began.raw()},
                                sys::counter_frequency())
            / 1000));
    }
    return {};
}

Result<> carry_out(net::Interface& nic, const Command& command)
{
    const auto address = net::parse_address(command.address);
    switch (command.verb) {
    case Verb::net_info:
        return info(nic);
    case Verb::net_stats:
        return stats(nic);
    case Verb::net_send:
        return send(nic, command);
    case Verb::net_dump:
        return dump(nic, command);
    case Verb::net_arp:
        return address ? arp(nic, *address) : fail(address.error());
    case Verb::net_ping:
        return address ? ping(nic, *address, command.count == 0 ? 1 : command.count)
                       : fail(address.error());
    default:
        return fail(Errc::not_supported);
    }
}

}  // namespace

Status Shell::net(const Command& command)
{
    text::Buffer<64> name;
    net::Interface nic;
    if (const auto opened = nic.open(*given_, command.nic, options); !opened)
        return complain(title(command, name), opened.error());
    if (const auto done = carry_out(nic, command); !done)
        return complain(title(command, name), done.error());
    return Status::done;
}

}  // namespace vsh
