// base/inline_vector.hpp - a vector of at most N elements that lives where it stands.
#pragma once

#include <array>
#include <memory>
#include <span>

#include <base/types.hpp>

template <class T, usize N>
class InlineVector {
public:
    InlineVector() = default;
    InlineVector(InlineVector&& other) noexcept { take(other); }
    InlineVector& operator=(InlineVector&& other) noexcept
    {
        if (this != &other) {
            clear();
            take(other);
        }
        return *this;
    }
    ~InlineVector() { clear(); }

    static constexpr usize capacity() { return N; }
    usize size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == N; }

    std::span<T> all() { return {slots_.elements.data(), size_}; }
    std::span<const T> all() const { return {slots_.elements.data(), size_}; }
    T* begin() { return slots_.elements.data(); }
    T* end() { return begin() + size_; }
    const T* begin() const { return slots_.elements.data(); }
    const T* end() const { return begin() + size_; }

    T& operator[](usize i) { return all()[i]; }
    const T& operator[](usize i) const { return all()[i]; }
    T& back() { return all()[size_ - 1]; }

    // Errors: no_space.
    template <class... Arguments>
    Result<> push_back(Arguments&&... arguments)
    {
        if (full())
            return fail(Errc::no_space);
        std::construct_at(end(), std::forward<Arguments>(arguments)...);
        ++size_;
        return {};
    }

    void pop_back() { std::destroy_at(&all()[--size_]); }

    // The last element takes the place of the i-th.
    void remove_unordered(usize i)
    {
        if (&all()[i] != &back())
            all()[i] = std::move(back());
        pop_back();
    }

    void clear()
    {
        std::destroy(begin(), end());
        size_ = 0;
    }

private:
    // The other one is empty afterwards.
    void take(InlineVector& other)
    {
        std::uninitialized_move(other.begin(), other.end(), begin());
        size_ = other.size_;
        other.clear();
    }

    // A union: its elements begin their life one by one.
    union Slots {
        constexpr Slots() {}
        constexpr ~Slots() {}
        std::array<T, N> elements;
    };

    Slots slots_;
    usize size_ = 0;
};
