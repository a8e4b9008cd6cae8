// sys/handle_set.hpp - the handles that travel with a message: up to four, of any kind. Those that
// nobody took are closed.
#pragma once

#include <sys/handle.hpp>

namespace sys {

class [[nodiscard]] HandleSet {
public:
    HandleSet() = default;
    HandleSet(HandleSet&& other) noexcept
        : slots_{other.slots_}, size_{std::exchange(other.size_, 0)}
    {
    }
    HandleSet& operator=(HandleSet&& other) noexcept
    {
        if (this != &other) {
            close_all();
            slots_ = other.slots_;
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~HandleSet()
    {
        if (size_ != 0)
            close_all();
    }

    // A set of these, in this order.
    template <class... Handles>
    static HandleSet of(Handles... handles)
        requires(sizeof...(Handles) <= abi::message_handles)
    {
        HandleSet set;
        ((set.slots_[set.size_++] = handles.release()), ...);
        return set;
    }

    // What a call left in the message page.
    static HandleSet received(u64 count)
    {
        HandleSet set;
        for (; set.size_ < count && set.size_ < abi::message_handles; ++set.size_)
            set.slots_[set.size_] = message_page().handles[set.size_];
        return set;
    }

    usize size() const { return size_; }

    // Errors: no_space (four are in it).
    template <Object T>
    Result<> add(Handle<T> handle)
    {
        if (size_ == abi::message_handles)
            return fail(Errc::no_space);
        slots_[size_++] = handle.release();
        return {};
    }

    // Takes the n-th out. Errors: bad_argument (there is none, or it is taken), wrong_kind (it
    // stays here).
    template <Object T>
    Result<Handle<T>> take(usize n)
    {
        if (n >= size_ || slots_[n] == abi::no_slot)
            return fail(Errc::bad_argument);
        const auto about = handle_info(slots_[n]);
        if (!about)
            return fail(about.error());
        if (about->kind != T::kind)
            return fail(Errc::wrong_kind);
        return Handle<T>{std::exchange(slots_[n], abi::no_slot)};
    }

    // Puts the slots where a call looks for them.
    void to_page() const
    {
        for (usize i = 0; i < size_; ++i)
            message_page().handles[i] = slots_[i];
    }

    // A call moved them all away.
    void forget() { size_ = 0; }

private:
    void close_all()
    {
        for (usize i = 0; i < size_; ++i)
            close(slots_[i]);
        size_ = 0;
    }

    std::array<abi::Slot, abi::message_handles> slots_{};
    usize size_ = 0;
};

}  // namespace sys
