// forged.cpp - values that name nothing: made up, closed, closed and used again.
#include "cases.hpp"

#include <check/raw.hpp>
#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

Result<> close_result(abi::Slot slot) { return sys::perform(abi::Syscall::close, slot); }

abi::Slot with_generation(abi::Slot slot, u64 generation)
{
    return abi::Slot{abi::SlotIndex::make(abi::SlotIndex::get(slot.raw()))
                     | abi::SlotGeneration::make(generation)};
}

u64 generation_of(abi::Slot slot) { return abi::SlotGeneration::get(slot.raw()); }
u64 index_of(abi::Slot slot) { return abi::SlotIndex::get(slot.raw()); }

void closed_names_nothing()
{
    auto handle = need(sys::create_notification());
    const abi::Slot slot = handle.release();
    works(close_result(slot));
    fails(close_result(slot), Errc::bad_handle);
    fails(sys::handle_info(slot), Errc::bad_handle);
    fails(sys::fetch(abi::Syscall::duplicate, slot, 0, 0), Errc::bad_handle);
    fails(sys::signal({slot}, abi::Bits::at(0)), Errc::bad_handle);
    fails(sys::wait({slot}, abi::now), Errc::bad_handle);
}

void used_again_is_another()
{
    auto first = need(sys::create_notification());
    const abi::Slot stale = first.release();
    sys::close(stale);
    const auto second = need(sys::create_notification());
    equals(index_of(second.slot()), index_of(stale));
    equals(generation_of(second.slot()), generation_of(stale) + 1);
    fails(sys::signal({stale}, abi::Bits::at(0)), Errc::bad_handle);
    works(sys::signal(second.borrow(), abi::Bits::at(0)));
}

void generations_never_repeat()
{
    constexpr u32 rounds = 10'000;
    u64 last = 0;
    const abi::Slot oldest = need(sys::create_notification()).slot();
    for (u32 i = 0; i < rounds; ++i) {
        const auto handle = need(sys::create_notification());
        const u64 value = handle.slot().raw();
        if (!check::that(value != last && value != oldest.raw(), "a handle value came twice"))
            return;
        last = value;
    }
    fails(sys::handle_info(oldest), Errc::bad_handle);
}

void zero_names_nothing()
{
    fails(sys::handle_info(abi::no_slot), Errc::bad_handle);
    fails(close_result(abi::no_slot), Errc::bad_handle);
    fails(sys::handle_info(abi::Slot{1}), Errc::bad_handle);  // generation 0
    fails(sys::handle_info(abi::Slot{abi::slot_limit - 1}),
          Errc::bad_handle);  // a chunk that is not there
    fails(sys::handle_info(abi::Slot{abi::SlotGeneration::mask}), Errc::bad_handle);
    fails(sys::handle_info(abi::Slot{abi::SlotGeneration::mask | abi::SlotIndex::mask}),
          Errc::bad_handle);
}

void wrong_generations_name_nothing()
{
    const auto handle = need(sys::create_notification());
    const u64 right = generation_of(handle.slot());
    for (unsigned n = 0; n < 32; ++n)
        fails(sys::handle_info(with_generation(handle.slot(), right ^ u64{1} << n)),
              Errc::bad_handle);
    works(sys::handle_info(handle.slot()));
}

// Values of 45 bits: none of them may hit, except what the program really has.
void random_values_name_nothing()
{
    check::Random random{20'250'601};
    u32 hits = 0;
    for (u32 i = 0; i < 20'000; ++i) {
        const abi::Slot guess{random.next() & (abi::SlotIndex::mask | abi::SlotGeneration::mask)};
        hits += sys::handle_info(guess).has_value() ? 1 : 0;
    }
    equals(u64{hits}, 0);
}

// A handle that comes in an argument register has 64 bits, of which 45 may be used.
void junk_above_a_handle_is_refused()
{
    const auto target = need(sys::create_notification());
    const auto endpoint = need(sys::create_endpoint());
    for (unsigned n = 45; n < 64; ++n) {
        const sys::Borrowed<sys::Notification> junk{abi::Slot{target.slot().raw() | u64{1} << n}};
        fails(sys::watch(endpoint.borrow(), junk, abi::Bits::at(0)), Errc::bad_handle);
    }
    works(sys::watch(endpoint.borrow(), target.borrow(), abi::Bits::at(0)));
}

void junk_in_x8_is_refused()
{
    const auto handle = need(sys::create_notification());
    for (const u64 word : {sys::call_word(abi::Syscall::handle_info, handle.slot()),
                           sys::call_word(abi::Syscall::null, abi::no_slot)})
        for (unsigned n = 53; n < 64; ++n) {
            check::RawRegisters in{};
            in.x[8] = word | u64{1} << n;
            check::check_raw_call(&in);
            equals(check::raw_error(in), Errc::not_supported);
        }
}

constexpr std::array cases{
    check::Case{"a handle that was closed names nothing", closed_names_nothing},
    check::Case{"a slot that is used again does not answer to its old handle",
                used_again_is_another},
    check::Case{"no handle value comes twice", generations_never_repeat},
    check::Case{"zero, and slots that were never used, name nothing", zero_names_nothing},
    check::Case{"a handle with one wrong bit in its generation names nothing",
                wrong_generations_name_nothing},
    check::Case{"made-up values name nothing", random_values_name_nothing},
    check::Case{"junk above the bits of a handle in an argument is refused",
                junk_above_a_handle_is_refused},
    check::Case{"junk in the unused bits of x8 is refused", junk_in_x8_is_refused},
};

}  // namespace

const check::Cases forged_cases{cases};
