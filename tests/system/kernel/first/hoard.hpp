// first/hoard.hpp - things taken until there are no more, and all given back.
#pragma once

#include "cases.hpp"

// Takes until nothing is left, and keeps it until its end.
class Hoard {
public:
    Hoard() = default;
    Hoard(const Hoard&) = delete;
    Hoard& operator=(const Hoard&) = delete;
    ~Hoard()
    {
        while (count_ > 0)
            sys::close(slots_[--count_]);
    }

    template <sys::Object T>
    void keep(sys::Handle<T> handle)
    {
        slots_[count_++] = handle.release();
    }

    // Calls `make`, which gives a handle, until it fails; the error.
    template <class F>
    Errc until_it_fails(F make)
    {
        while (count_ < most) {
            auto made = make();
            if (!made)
                return made.error();
            keep(std::move(*made));
        }
        return Errc::ok;
    }

private:
    static constexpr usize most = abi::slot_limit;
    static inline constinit std::array<abi::Slot, most> slots_{};  // too large for a stack
    usize count_ = 0;
};

// The places of mappings, taken away again at its end.
class Places {
public:
    Places() = default;
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;
    ~Places()
    {
        while (count_ > 0)
            check::works(
                sys::perform(abi::Syscall::memory_unmap, abi::no_slot, at_[--count_], page_bytes));
    }

    // Maps a page of `memory` there; 0: where the kernel likes.
    Errc map(const sys::Handle<sys::Memory>& memory, u64 address = 0)
    {
        const auto made = sys::fetch(abi::Syscall::memory_map, memory.slot(), 0, 0, page_bytes,
                                     abi::right::read.raw, address);
        if (made)
            at_[count_++] = *made;
        return made ? Errc::ok : made.error();
    }

    Errc until_it_fails(const sys::Handle<sys::Memory>& memory)
    {
        Errc end = Errc::ok;
        while (end == Errc::ok && count_ < at_.size())
            end = map(memory);
        return end;
    }

private:
    std::array<u64, 1024> at_{};
    usize count_ = 0;
};

// A process with nothing but the root of its page tables.
inline Result<sys::Handle<sys::Process>> make_process()
{
    return sys::create_process(check::self(), {1, 0, 0, 0, text::padded<16>("late"), 0, 0});
}
