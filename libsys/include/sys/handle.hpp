// sys/handle.hpp - handles with the kind of their object in the type. Pass Borrowed, return Handle,
// store Handle.
#pragma once

#include <sys/syscall.hpp>

namespace sys {

// The kinds of objects; each has a header of its own with what can be done to it.
struct Process {
    static constexpr auto kind = abi::Kind::process;
};
struct Thread {
    static constexpr auto kind = abi::Kind::thread;
};
struct Endpoint {
    static constexpr auto kind = abi::Kind::endpoint;
};
struct Notification {
    static constexpr auto kind = abi::Kind::notification;
};
struct Memory {
    static constexpr auto kind = abi::Kind::memory;
};
struct Device {
    static constexpr auto kind = abi::Kind::device;
};
struct Interrupt {
    static constexpr auto kind = abi::Kind::interrupt;
};
struct Pin {
    static constexpr auto kind = abi::Kind::pin;
};

template <class T>
concept Object = std::same_as<const abi::Kind, decltype(T::kind)>;

inline void close(abi::Slot slot)
{
    if (slot != abi::no_slot)
        (void)perform(abi::Syscall::close, slot);
}

// A slot someone else owns: copy it freely, it closes nothing.
template <Object T>
struct Borrowed {
    abi::Slot slot;

    bool valid() const { return slot != abi::no_slot; }
};

// Owns one slot. Moving transfers it, destroying closes it, copying does not compile. A default one
// owns nothing.
template <Object T>
class [[nodiscard]] Handle {
public:
    Handle() = default;
    explicit Handle(abi::Slot slot) : slot_{slot} {}
    Handle(Handle&& other) noexcept : slot_{other.release()} {}
    Handle& operator=(Handle&& other) noexcept
    {
        if (this != &other)
            close(std::exchange(slot_, other.release()));
        return *this;
    }
    ~Handle() { close(slot_); }

    Borrowed<T> borrow() const { return {slot_}; }
    abi::Slot slot() const { return slot_; }
    bool valid() const { return slot_ != abi::no_slot; }
    [[nodiscard]] abi::Slot release() { return std::exchange(slot_, abi::no_slot); }

private:
    abi::Slot slot_;
};

static_assert(sizeof(Handle<Endpoint>) == 8 && !std::copy_constructible<Handle<Endpoint>>);

// Turns the slot that a call returned into its owner.
template <Object T>
Result<Handle<T>> owned(Result<u64> slot)
{
    if (!slot)
        return fail(slot.error());
    return Handle<T>{abi::Slot{*slot}};
}

struct HandleInfo {
    abi::Kind kind;
    abi::Rights rights;
    u64 mask_or_badge;
};

inline Result<HandleInfo> handle_info(abi::Slot slot)
{
    return invoke(abi::Syscall::handle_info, slot).transform([](const Values& v) {
        return HandleInfo{static_cast<abi::Kind>(v[1]), {static_cast<u16>(v[2])}, v[3]};
    });
}

// A second handle to the same object, with no more rights than asked. `mask`: of a notification,
// the bits it may raise.
template <Object T>
Result<Handle<T>> duplicate(Borrowed<T> original, abi::Rights rights, abi::Bits mask = {~u64{0}})
{
    return owned<T>(fetch(abi::Syscall::duplicate, original.slot, rights.raw, mask.raw));
}

}  // namespace sys
