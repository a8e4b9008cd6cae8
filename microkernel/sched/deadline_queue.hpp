// sched/deadline_queue.hpp - the threads that wait for a time, earliest first.
//
// An intrusive pairing heap: no allocation, no recursion, insert and first in constant time, remove
// in amortised logarithmic time. A link is in at most one queue; `when` does not change meanwhile.
#pragma once

#include <utility>

#include <abi/object.hpp>

namespace kernel {

class DeadlineQueue;

// What a thread brings along to be queued.
class DeadlineLink {
public:
    constexpr DeadlineLink() = default;
    DeadlineLink(const DeadlineLink&) = delete;
    DeadlineLink& operator=(const DeadlineLink&) = delete;

    bool queued() const { return previous_ != nullptr; }

    abi::Ticks when = abi::never;

private:
    friend DeadlineQueue;

    DeadlineLink* child_ = nullptr;     // first of those that hang below
    DeadlineLink* next_ = nullptr;      // sibling
    DeadlineLink* previous_ = nullptr;  // sibling, or parent of a first child; the root's is itself
};

class DeadlineQueue {
public:
    constexpr DeadlineQueue() = default;
    DeadlineQueue(const DeadlineQueue&) = delete;
    DeadlineQueue& operator=(const DeadlineQueue&) = delete;

    bool empty() const { return root_ == nullptr; }
    DeadlineLink* first() const { return root_; }

    // `link` is in no queue.
    void insert(DeadlineLink& link) { become_root(root_ == nullptr ? &link : meld(root_, &link)); }

    // Does nothing to a link that is not queued.
    void remove(DeadlineLink& link)
    {
        if (!link.queued())
            return;
        DeadlineLink* below = meld_siblings(link.child_);
        if (&link == root_) {
            root_ = nullptr;
        } else {
            detach(link);
            below = below == nullptr ? root_ : meld(root_, below);
        }
        link.child_ = link.next_ = link.previous_ = nullptr;
        if (below != nullptr)
            become_root(below);
    }

private:
    void become_root(DeadlineLink* link)
    {
        root_ = link;
        link->previous_ = link;
    }

    static void detach(DeadlineLink& link)
    {
        if (link.previous_->child_ == &link)
            link.previous_->child_ = link.next_;
        else
            link.previous_->next_ = link.next_;
        if (link.next_ != nullptr)
            link.next_->previous_ = link.previous_;
    }

    // The later of two roots becomes the first child of the earlier one.
    static DeadlineLink* meld(DeadlineLink* a, DeadlineLink* b)
    {
        if (b->when < a->when)
            std::swap(a, b);
        b->next_ = a->child_;
        if (b->next_ != nullptr)
            b->next_->previous_ = b;
        b->previous_ = a;
        a->child_ = b;
        a->next_ = nullptr;
        return a;
    }

    // Pairs from left to right, then one after the other from right to left: that order is what
    // makes the cost logarithmic. The pairs wait on a stack through their next_.
    static DeadlineLink* meld_siblings(DeadlineLink* sibling)
    {
        DeadlineLink* pairs = nullptr;
        while (sibling != nullptr) {
            DeadlineLink* const a = sibling;
            DeadlineLink* const b = a->next_;
            sibling = b == nullptr ? nullptr : b->next_;
            DeadlineLink* const pair = b == nullptr ? a : meld(a, b);
            pair->next_ = pairs;
            pairs = pair;
        }
        DeadlineLink* root = pairs;
        if (root != nullptr)
            pairs = std::exchange(root->next_, nullptr);
        while (pairs != nullptr) {
            DeadlineLink* const rest = pairs->next_;
            root = meld(root, pairs);
            pairs = rest;
        }
        return root;
    }

    DeadlineLink* root_ = nullptr;
};

}  // namespace kernel
