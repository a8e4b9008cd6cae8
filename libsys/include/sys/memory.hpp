// sys/memory.hpp - memory objects and their mappings.
#pragma once

#include <span>

#include <sys/handle.hpp>

namespace sys {

// Zeroed; charged to the caller; rounded up to pages. `flags`: abi::MemoryFlags.
inline Result<Handle<Memory>> create_memory(Bytes size, u64 flags = 0)
{
    return owned<Memory>(fetch(abi::Syscall::memory_create, abi::no_slot, size.raw(), flags));
}

struct MemoryInfo {
    Bytes size;
    bool contiguous;
};

inline Result<MemoryInfo> info(Borrowed<Memory> memory)
{
    return invoke(abi::Syscall::memory_info, memory.slot).transform([](const Values& v) {
        return MemoryInfo{Bytes{v[1]}, (v[2] & abi::MemoryFlags::contiguous) != 0};
    });
}

inline constexpr abi::Rights read_only = abi::right::read;
inline constexpr abi::Rights read_write = abi::right::read | abi::right::write;

// A range of a memory object in this address space, until it dies. The memory lives as long as the
// mapping, whatever becomes of its handles.
class [[nodiscard]] Mapping {
public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
    Mapping& operator=(Mapping&& other) noexcept
    {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~Mapping()
    {
        if (!bytes_.empty())
            (void)perform(abi::Syscall::memory_unmap, abi::no_slot,
                          std::bit_cast<u64>(bytes_.data()), bytes_.size());
    }

    // `offset` and `size` are multiples of the page.
    static Result<Mapping>
    create(Borrowed<Memory> memory, abi::Rights rights, Bytes offset, Bytes size)
    {
        const auto at = fetch(abi::Syscall::memory_map, memory.slot, abi::no_slot.raw(),
                              offset.raw(), size.raw(), rights.raw, 0);
        if (!at)
            return fail(at.error());
        return Mapping{{std::bit_cast<std::byte*>(*at), size.raw()}};
    }

    // The whole object.
    static Result<Mapping> create(Borrowed<Memory> memory, abi::Rights rights)
    {
        const auto whole = info(memory);
        if (!whole)
            return fail(whole.error());
        return create(memory, rights, Bytes{0}, whole->size);
    }

    bool valid() const { return !bytes_.empty(); }
    std::span<std::byte> bytes() const { return bytes_; }
    // No bit_cast: clang-tidy 19 crashes on one of an address that is added to.
    VirtAddr address() const { return VirtAddr{reinterpret_cast<u64>(bytes_.data())}; }

    // The object at `offset`. The caller knows what the memory holds; place and alignment are
    // checked.
    template <class T>
    Result<T*> at(u64 offset = 0) const
    {
        if (!fits(offset, sizeof(T), bytes_.size())
            || !aligned(address().raw() + offset, alignof(T)))
            return fail(Errc::out_of_range);
        return std::bit_cast<T*>(bytes_.data() + offset);
    }

    template <class T>
    Result<std::span<T>> array(u64 offset, u64 count) const
    {
        if (offset > bytes_.size() || count > (bytes_.size() - offset) / sizeof(T)
            || !aligned(address().raw() + offset, alignof(T)))
            return fail(Errc::out_of_range);
        return std::span<T>{std::bit_cast<T*>(bytes_.data() + offset), count};
    }

private:
    explicit Mapping(std::span<std::byte> bytes) : bytes_{bytes} {}

    std::span<std::byte> bytes_;
};

// Maps into another process, at exactly `address`; it stays when the handle goes.
inline Result<> map_into(Borrowed<Process> process,
                         Borrowed<Memory> memory,
                         Bytes size,
                         abi::Rights rights,
                         VirtAddr address)
{
    return perform(abi::Syscall::memory_map, memory.slot, process.slot.raw(), 0, size.raw(),
                   rights.raw, address.raw());
}

// Fresh memory, mapped for reading and writing.
struct SharedMemory {
    Handle<Memory> handle;
    Mapping mapping;

    static Result<SharedMemory> create(Bytes size, u64 flags = 0)
    {
        auto handle = create_memory(size, flags);
        if (!handle)
            return fail(handle.error());
        auto mapping = Mapping::create(handle->borrow(), read_write);
        if (!mapping)
            return fail(mapping.error());
        return SharedMemory{std::move(*handle), std::move(*mapping)};
    }
};

}  // namespace sys
