// attacks.cpp - what a hostile server of one device tries against the devices of others.
#include "attacks.hpp"

#include <array>

#include <proto/names.hpp>
#include <sys/log.hpp>
#include <sys/session.hpp>

namespace isolation {

namespace {

constexpr u64 window_bytes = 0x200;  // of a virtio-mmio device; eight of them are a page
constexpr u64 slots = 32;
constexpr u64 device_id = 0x008;
constexpr u64 status = 0x070;
constexpr u32 scribble = 0xff;

u32 load(u64 address)
{
    u32 value = 0;
    asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

void store(u64 address, u32 value)
{
    asm volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

}  // namespace

void Attacks::report(Errc got, std::string_view what, u64 detail)
{
    ++successes_;
    text::Buffer<160> line;
    line.put("not refused as it should be: ").put(what).put(" 0x").hex(detail);
    sys::out(line.put(": ").put(sys::error_name(got)).view());
}

void Attacks::run()
{
    map();
    reach_beyond_the_window();
    if (mapped())
        touch_the_page();
    forge_handles();
    ask_for_services();
}

u64 Attacks::next_page() const { return align_down(window_, page_bytes) + page_bytes; }

void Attacks::map()
{
    for (const u64 window : {u64{1}, u64{2}, ~u64{0}})
        expect(sys::map_device(device_, window), Errc::out_of_range, "map window", window);
    if (mapped())
        return;
    const auto window = sys::map_device(device_);
    if (window)
        window_ = window->address.raw();
    else
        expect(window, Errc::not_exclusive, "map", 0);
}

// Through the handle of its own device: at every other slot's registers, and at the edges of
// arithmetic.
void Attacks::reach_beyond_the_window()
{
    for (u64 n = 1; n < slots; ++n)
        for (const u64 offset : {n * window_bytes + status, 0 - n * window_bytes + status}) {
            expect(sys::read_register(device_, offset), Errc::out_of_range, "read at", offset);
            expect(sys::write_register(device_, offset, 0), Errc::out_of_range, "write at", offset);
            expect(sys::write_register(device_, offset, scribble, sys::Width::byte),
                   Errc::out_of_range, "write a byte at", offset);
        }
    for (const u64 offset :
         {window_bytes, page_bytes, u64{1} << 32 | status, ~u64{0} - 3, u64{1} << 63})
        expect(sys::write_register(device_, offset, 0), Errc::out_of_range, "write at", offset);
    for (const u64 offset : {window_bytes - 1, window_bytes - 2, window_bytes - 3})
        expect(sys::write_register(device_, offset, 0), Errc::bad_argument, "write across", offset);
    for (const u64 window : {u64{1}, u64{1} << 32, ~u64{0}})
        expect(sys::write_register(device_, status, 0, sys::Width::word, window),
               Errc::out_of_range, "write in window", window);
}

// The page is mapped, so nobody else's device may live in it: its other slots know no device, and
// keep nothing.
void Attacks::touch_the_page()
{
    const u64 page = align_down(window_, page_bytes);
    for (u64 at = page; at < page + page_bytes; at += window_bytes) {
        if (at == window_)
            continue;
        ++attempts_;
        const u32 id = load(at + device_id);
        store(at + status, scribble);
        if (id != 0 || load(at + status) != 0)
            report(Errc::ok, "there is a device at", at - page);
    }
}

void Attacks::forge(abi::Slot slot)
{
    ++attempts_;
    if (sys::write_register({slot}, status, 0))
        report(Errc::ok, "write by the forged handle", slot.raw());
    if (sys::map_device({slot}))
        report(Errc::ok, "map by the forged handle", slot.raw());
    if (sys::interrupt({slot}))
        report(Errc::ok, "the interrupt of the forged handle", slot.raw());
}

// Every slot with the generation of the own device's handle, and low ones, which a young system
// has, with more.
void Attacks::forge_handles()
{
    constexpr u64 low_slots = 256;
    const u64 own_generation = abi::SlotGeneration::get(device_.slot.raw());
    for (u64 index = 0; index < abi::slot_limit; ++index)
        for (const u64 generation : {own_generation, u64{0}, u64{1}, u64{2}}) {
            if (generation != own_generation && index >= low_slots)
                break;
            const abi::Slot slot{abi::SlotIndex::make(index)
                                 | abi::SlotGeneration::make(generation)};
            if (slot != device_.slot)
                forge(slot);
        }
}

// It uses no service by its table.
void Attacks::ask_for_services()
{
    constexpr std::array<std::string_view, 7> services{"disk0", "disk1", "rng0",   "nic0",
                                                       "nic1",  "kbd0",  "tablet0"};
    for (const auto service : services)
        expect(sys::connect<proto::names::Connect>(*given_, service), Errc::denied, service, 0);
}

}  // namespace isolation
