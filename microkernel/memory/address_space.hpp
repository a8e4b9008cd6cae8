// memory/address_space.hpp - the user half of a translation: page tables, mappings, and the one way
// to read and write a process's memory.
//
// 39 bits in three levels, 4 KiB pages, tagged with an ASID. A page is never writable and
// executable. Every user page belongs to a Mapping or is a thread's message page.
#pragma once

#include "fault/flavour.hpp"
#include "memory/pool.hpp"
#include "object/object.hpp"

#include <span>

#include <abi/boot.hpp>
#include <base/list.hpp>

namespace kernel {

class Memory;

enum class PageType : u8 { normal, device };

// Three levels of tables. All frames but the root's come when needed and are charged to the quota.
class PageTable {
public:
    explicit PageTable(Quota& quota) : quota_{&quota} {}
    PageTable(const PageTable&) = delete;
    PageTable& operator=(const PageTable&) = delete;

    Result<> start();  // over_quota, no_memory (frames, or address-space identifiers)
    u64 ttbr() const { return root_.raw() | asid_ << 48; }

    // Nothing is mapped there yet. Errors: over_quota, no_memory.
    Result<> map(u64 address, PhysAddr page, abi::Rights rights, PageType type);
    void clear(u64 address, u64 pages);
    // What was cleared leaves the TLBs.
    void forget(u64 address, u64 pages) const;
    void flush() const;  // all of this address space does
    // No CPU uses them any more: frees some of the tables; true: none is left.
    bool free_some();

    // The page that user code can access there with `rights`, if any.
    Result<PhysAddr> translate(u64 address, abi::Rights rights) const;

private:
    friend struct checks::Inspector;
    Result<u64*> entry(u64 address);
    u64* find(u64 address) const;

    Quota* quota_;
    PhysAddr root_;
    u64 asid_ = 0;
    u64 freed_ = 0;  // tables of pages that were freed, or were never there: the first so many
};

// A range of addresses that shows part of a memory object, or a device's window.
struct Mapping : ListNode<Mapping> {
    Mapping(u64 from, u64 to, Object& what, u64 first, abi::Rights allowed)
        : address{from}, end{to}, object{what}, offset{first}, rights{allowed}
    {
    }

    u64 pages() const { return (end - address) >> page_shift; }

    u64 address;
    u64 end;
    Ref<Object> object;  // memory or device
    u64 offset;          // of the first page, in pages
    abi::Rights rights;
    bool whole = false;  // not being made or taken away: it can be found
    u64 built = 0;       // pages that are in the tables: the first so many
};

class AddressSpace {
public:
    static constexpr u32 max_mappings = 1024;

    explicit AddressSpace(Quota& quota) : tables_{quota} {}

    Result<> start() { return tables_.start(); }
    u64 ttbr() const { return tables_.ttbr(); }

    // A mapping without pages, which nobody finds until build_some() is through with it. Errors:
    // bad_argument (alignment, nothing to map), out_of_range (beyond the object or the address
    // space), exists (the range is taken), denied (write with execute), over_quota, no_memory.
    // Address 0: the kernel's choice.
    Result<Mapping*>
    start(Memory& memory, u64 first_page, u64 pages, abi::Rights rights, u64 address);
    // Maps some pages; true: all are. Errors: over_quota, no_memory.
    Result<bool> build_some(Mapping& mapping);
    // Unmaps some pages; true: the mapping is gone.
    bool remove_some(Mapping& mapping);
    Result<u64> map_device(Object& device, PhysAddr first, u64 pages);
    Result<> map_message_page(u32 thread, PhysAddr page);
    void unmap_message_page(u32 thread);

    // No CPU is in it any more, and none will be.
    void abandon() const { tables_.flush(); }
    // It was abandoned: frees some of what is there; true: nothing is left.
    bool clear_some();

    // The whole mapping in which the address is.
    Mapping* find(u64 address);

    // Copies as user code could. Errors: fault, with nothing promised about what was copied.
    Result<> read(u64 address, std::span<std::byte> to) const;

private:
    friend struct checks::Inspector;
    friend struct fault::Inspector;
    Result<Mapping*> place(Object& object, u64 pages, u64 offset, abi::Rights rights, u64 address);
    Mapping* look_for_place(u64& address, u64 pages);
    void drop(Mapping& mapping);

    PageTable tables_;
    List<Mapping> mappings_;  // by rising address, disjoint
    u32 count_ = 0;
};

}  // namespace kernel
