// object/object.hpp - what all kernel objects share: a kind, and a count of who still needs them.
//
// References are held by handles, and by objects that point at others. With the last one gone the
// object is destroyed at once, or, if that is long work (Large), by steps of the thread that runs.
// Everything in object/ runs under the kernel lock.
#pragma once

#include "checks/flavour.hpp"

#include <utility>

#include <abi/object.hpp>
#include <base/list.hpp>

namespace kernel {

class Object {
public:
    constexpr explicit Object(abi::Kind kind) : kind_{kind} {}
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    abi::Kind kind() const { return kind_; }
    void ref() { ++references_; }
    bool unref() { return --references_ == 0; }  // true: destroy it now
    bool alone() const { return references_ == 1; }

private:
    abi::Kind kind_;
    u32 references_ = 1;  // the creator's
};

// What can be work of many steps for some thread (Work::doomed): the end of a process or memory,
// and all that an endpoint has to tell others.
class Large : public Object, public ListNode<Large> {
public:
    using Object::Object;
};

// One step of that.
void end_some(Large& large);

// Drops a reference; the last one destroys the object (object/destroy.cpp knows how for each kind).
void release(Object& object);

// A counted reference held by another object.
template <class T>
class Ref {
public:
    constexpr Ref() = default;
    explicit Ref(T& object) : object_{&object} { object.ref(); }
    Ref(Ref&& other) noexcept : object_{std::exchange(other.object_, nullptr)} {}
    Ref& operator=(Ref other) noexcept
    {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref()
    {
        if (object_ != nullptr)
            release(*object_);
    }

    // Takes over a reference that is counted already, such as a creator's.
    static Ref adopt(T& object)
    {
        Ref ref;
        ref.object_ = &object;
        return ref;
    }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    void reset() { *this = Ref{}; }

private:
    T* object_ = nullptr;
};

}  // namespace kernel
