// fault/device.cpp - registers of devices are mapped so that each access faults; it is carried out
// here, and seen by whom it may concern.

#include "arch/aarch64/mmio.hpp"
#include "fault/access.hpp"
#include "fault/inspector.hpp"
#include "sched/cpu.hpp"

namespace kernel::fault {

namespace {

constexpr u8 zero_register = 31;

u64 stored(const Thread& thread, const Access& access)
{
    return access.value == zero_register ? 0 : thread.x[access.value];
}

void load(Thread& thread, const Access& access, u64 value)
{
    if (access.value == zero_register)
        return;
    if (access.sign_bits != 0)
        value = static_cast<u64>(instruction::extended(static_cast<u32>(value), access.width * 8U));
    thread.x[access.value] = access.sign_bits == 32 ? value & 0xffff'ffff : value;
}

void carry_out(Thread& thread, const Access& access, PhysAddr at)
{
    if (access.write)
        mmio::write(at, access.width, stored(thread, access));
    else
        load(thread, access, mmio::read(at, access.width));
    u64& base = access.base == zero_register ? thread.Frame::sp : thread.x[access.base];
    base += static_cast<u64>(access.step);
    thread.pc += sizeof(u32);
}

// What the thread is about to do at that address, if it can be carried out.
std::optional<Access> access_at(Thread& thread, u64 address)
{
    const Mapping* const mapping = thread.process().space().find(address);
    const u32* const word = Inspector::at<u32>(thread.process(), thread.pc);
    if (mapping == nullptr || mapping->object->kind() != abi::Kind::device || word == nullptr)
        return {};
    const auto access = decode_access(*word);
    return access && access->width <= 4 && aligned(address, access->width) ? access : std::nullopt;
}

PhysAddr register_at(Process& process, u64 address)
{
    const Mapping& mapping = *process.space().find(address);
    const auto& device = static_cast<const Device&>(*mapping.object);
    const u64 first = align_down(device.what().window.raw(), page_bytes);
    return PhysAddr{first + (address - mapping.address)};
}

}  // namespace

bool took_device_access(Thread& thread, u64 address)
{
    const auto access = access_at(thread, address);
    if (!access)
        return false;
    const PhysAddr at = register_at(thread.process(), address);
    if (std::exchange(thread.fault.accessing, 0) != thread.pc) {
        const u32 before = order.report.fired_count;
        if (on_access(thread, at, access->write, stored(thread, *access)))
            return true;
        if (order.report.fired_count != before)  // what was changed may be about this instruction
            return thread.fault.accessing = thread.pc, true;
    }
    carry_out(thread, *access, at);
    thread.fault.goes_on = true;
    on_accessed(thread);
    return true;
}

bool on_access(Thread& thread, PhysAddr at, bool write, u64 value)
{
    look_at_access(at, write, value);
    return at_point(thread, Point::mmio);
}

void on_accessed(Thread& thread)
{
    if (at_point(thread, Point::mmio_done) || thread.fault.in_call)
        return;
    if (&thread.process() == order.victim && order.steps())
        (void)at_point(thread, Point::step);
}

}  // namespace kernel::fault
