// checks/invariants.cpp - the invariants of the checked kernel, and a panic for each.

#include "checks/invariants.hpp"

#include "checks/refusal.hpp"
#include "console.hpp"
#include "object/slabs.hpp"

#include <algorithm>

namespace kernel::checks {

namespace {

void hold(bool holds, std::string_view what)
{
    if (!holds)
        panic(what);
}

constexpr u32 frames_a_look = 64;    // the next look goes on behind them
constexpr u64 pages_a_look = 4'096;  // of the address space of a process that ends

}  // namespace

struct Inspector {
    using Records = std::span<const FrameRecord>;

    // All but the first frame of a block or a run. Of a long one the beginning and the end.
    static bool all_inside(Records rest)
    {
        const auto inside = [](const FrameRecord& r) { return r.state == FrameState::inside; };
        const usize some = std::min<usize>(rest.size(), frames_a_look);
        return std::ranges::all_of(rest.first(some), inside)
               && std::ranges::all_of(rest.last(some), inside);
    }

    // Frames that the record, the first of a block or a run, speaks for.
    static u64 length(const FrameRecord& head)
    {
        if (head.state == FrameState::free)
            return u64{1} << head.order;
        return head.state == FrameState::used ? head.next : 1;
    }

    static void frames_are_in_one_block()
    {
        static constinit u32 next = 0;
        const Records records = frames.records_;
        hold(frames.free_ <= frames.total_, "more frames are free than there are");
        u32 looked = 0;
        // Where the last look ended there may be the middle of another block now.
        while (next < records.size() && records[next].state == FrameState::inside
               && looked < frames_a_look)
            ++next, ++looked;
        for (; looked < frames_a_look; ++looked) {
            if (next >= records.size())
                next = 0;
            const FrameRecord& head = records[next];
            const u64 count = length(head);
            hold(head.state != FrameState::inside, "a frame is in no block");
            hold(count > 0 && fits(next, count, records.size()), "a block has no such length");
            hold(head.state != FrameState::free || aligned(next + frames.skew_, count),
                 "a free block is not aligned");
            hold(all_inside(records.subspan(next + 1, count - 1)), "a frame is in two blocks");
            next += static_cast<u32>(count);
        }
    }

    // Whether a free block has this frame.
    static bool is_free(u32 index)
    {
        for (unsigned order = 0; order <= FrameAllocator::max_order; ++order) {
            const u64 first = align_down(u64{index} + frames.skew_, u64{1} << order);
            if (first < frames.skew_)
                return false;
            const FrameRecord& head = frames.records_[first - frames.skew_];
            if (head.state == FrameState::free && head.order >= order)
                return true;
        }
        return false;
    }

    static void line_is_in_a_state(const Device& device)
    {
        const Interrupt& line = device.interrupt();
        const bool bound = line.state_ != Interrupt::State::unbound;
        hold(bound == bool{line.target_} && bound == (line.owner_ != nullptr),
             "a line is half bound");
        if (!bound)
            return;
        const Notification& target = *line.target_;
        hold(!line.owner_->dead() || device.owner() == line.owner_,
             "a line is bound to a process that has ended");
        hold(target.lines_.any(line.bit_), "a notification does not know its line");
        hold(line.state_ != Interrupt::State::active
                 || (target.pending_ | target.delivered_).any(line.bit_),
             "an active line has no bit to be delivered");
    }

    static bool of_a_device(PhysAddr page)
    {
        return std::ranges::any_of(devices(), [&](const Device* device) {
            return align_down(device->what().window.raw(), page_bytes) == page.raw();
        });
    }

    static void page_is_what_it_should_be(u64 descriptor)
    {
        constexpr u64 memory_normal = 1 << 2;  // page_table.cpp
        constexpr u64 read_only = bit<7>;
        constexpr u64 execute_never = bit<54>;
        const PhysAddr page{Field<47, 12>::mask & descriptor};
        const bool normal = (descriptor & memory_normal) != 0;
        hold((descriptor & execute_never) != 0 || (normal && (descriptor & read_only) != 0),
             "a page is executable and writable, or a device's");
        const u64 index = (page.raw() - frames.base_.raw()) >> page_shift;
        const bool ram = index < frames.records_.size();
        hold(normal ? ram : !ram && of_a_device(page), "a page has the attributes of another sort");
        hold(!ram || !is_free(static_cast<u32>(index)), "a free frame is mapped");
    }

    // Calls f(descriptor) for each page, up to so many; gives how many there are.
    template <class F>
    static u64 each_page(const PageTable& tables, F f)
    {
        u64 count = 0;
        if (tables.root_ == PhysAddr{})
            return 0;
        const auto descend = [&](auto self, PhysAddr table, int level) -> void {
            for (u64 i = 0; i < 512 && count < pages_a_look; ++i) {
                const u64 descriptor = direct<u64>(table)[i];
                if (descriptor == 0)
                    continue;
                if (level < 2)
                    self(self, PhysAddr{Field<47, 12>::mask & descriptor}, level + 1);
                else
                    ++count, f(descriptor);
            }
        };
        descend(descend, tables.root_, 0);
        return count;
    }

    static void pages(Process& process)
    {
        each_page(process.space_.tables_, page_is_what_it_should_be);
    }

    static void nothing_is_left(Process& process)
    {
        const AddressSpace& space = process.space_;
        // One may be about to go: the one that did the work.
        hold(process.last_thread() && process.children_.empty(), "a dead process has threads");
        hold(process.handles_.used_ == 0 && process.handles_.reserved_ == 0,
             "a dead process has handles");
        hold(space.count_ == 0 && each_page(space.tables_, [](u64) {}) == 0,
             "a dead process has pages");
        for (Device* const device : devices()) {
            hold(device->owner() != &process && device->interrupt().owner() != &process,
                 "a dead process has a device");
            for (const Pin& pin : device->pins_)
                hold(pin.owner() != &process, "a dead process has a pin");
        }
    }
};

// The second instruction is where no branch may end, and if it does nevertheless it comes back.
asm(".section .text.checks_astray, \"ax\"\n"
    "checks_astray:\n"
    "    hint #34\n"  // bti c
    "    ret\n"
    ".previous\n");

namespace {

void go_astray()
{
    u64 where = 0;
    asm volatile("adrp %0, checks_astray + 4\n"
                 "add %0, %0, :lo12:checks_astray + 4\n"
                 "blr %0"
                 : "+r"(where)
                 :
                 : "x30", "memory");
}

// Of an object that was given back, or behind one.
void use(bool freed)
{
    const auto made = slabs::notifications.make();
    if (!made)
        return;
    const auto* const at = reinterpret_cast<const volatile u64*>(*made);
    if (!freed)
        (void)at[sizeof(Notification) / sizeof(u64)];
    slabs::notifications.destroy(**made);
    if (freed)
        (void)*at;
}

}  // namespace

void make(Mistake what)
{
    if (what == Mistake::astray)
        go_astray();
    else
        use(what == Mistake::freed);
}

void look_at_machine()
{
    Inspector::frames_are_in_one_block();
    for (const Device* const device : devices())
        Inspector::line_is_in_a_state(*device);
}

void look_at_pages(Process& process) { Inspector::pages(process); }

void look_at_dead(Process& process) { Inspector::nothing_is_left(process); }

void look_at_quotas(const Quota& frames, const Quota& handles)
{
    hold(frames.used == 0 && handles.used == 0, "something was not paid back");
}

void look_at_moved(const Thread& from,
                   std::span<const abi::Slot> before,
                   const Thread& to,
                   std::span<const abi::Slot> after)
{
    hold(before.size() == after.size(), "handles were lost on their way");
    for (const abi::Slot slot : before)
        hold(!from.process().handles().find(slot), "a handle moved and stayed");
    for (const abi::Slot slot : after)
        hold(bool{to.process().handles().find(slot)}, "a handle left and did not arrive");
}

}  // namespace kernel::checks
