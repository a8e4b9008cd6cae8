// base/list.hpp - an intrusive doubly linked list: the links live in the elements, nothing is
// allocated.
//
// An element inherits ListNode<Tag>; with several tags it can be in several lists. An element is in
// at most one list of a tag, and leaves it before it dies. Every operation takes constant time.
#pragma once

#include <base/types.hpp>

template <class Tag>
class ListNode {
public:
    constexpr ListNode() = default;
    ListNode(const ListNode&) = delete;
    ListNode& operator=(const ListNode&) = delete;

    bool linked() const { return next_ != nullptr; }

private:
    template <class T, class U>
    friend class List;

    ListNode* next_ = nullptr;
    ListNode* previous_ = nullptr;
};

template <class T, class Tag = T>
class List {
    using Node = ListNode<Tag>;

public:
    // Stays valid while other elements come and go; step before the element it shows is removed.
    class Iterator {
    public:
        explicit Iterator(Node* at) : at_{at} {}
        T& operator*() const { return static_cast<T&>(*at_); }
        T* operator->() const { return static_cast<T*>(at_); }
        Iterator& operator++()
        {
            at_ = at_->next_;
            return *this;
        }
        friend bool operator==(Iterator, Iterator) = default;

    private:
        Node* at_;
    };

    constexpr List() { ends_.next_ = ends_.previous_ = &ends_; }
    List(const List&) = delete;
    List& operator=(const List&) = delete;

    bool empty() const { return ends_.next_ == &ends_; }
    T* front() { return empty() ? nullptr : static_cast<T*>(ends_.next_); }
    // Of a list that is not empty: its element if there is but one, or null.
    T* only() { return ends_.next_ == ends_.previous_ ? &static_cast<T&>(*ends_.next_) : nullptr; }
    T* back() { return empty() ? nullptr : static_cast<T*>(ends_.previous_); }

    void push_front(T& element) { link(element, *ends_.next_); }
    void push_back(T& element) { link(element, ends_); }
    void insert_before(T& place, T& element) { link(element, place); }
    // Takes all elements of the other list.
    void append(List& other)
    {
        if (other.empty())
            return;
        Node* const first = other.ends_.next_;
        Node* const last = other.ends_.previous_;
        first->previous_ = ends_.previous_;
        last->next_ = &ends_;
        ends_.previous_->next_ = first;
        ends_.previous_ = last;
        other.ends_.next_ = other.ends_.previous_ = &other.ends_;
    }

    static void remove(T& element)
    {
        Node& node = element;
        node.previous_->next_ = node.next_;
        node.next_->previous_ = node.previous_;
        node.next_ = node.previous_ = nullptr;
    }

    T* pop_front()
    {
        T* first = front();
        if (first != nullptr)
            remove(*first);
        return first;
    }

    Iterator begin() { return Iterator{ends_.next_}; }
    Iterator end() { return Iterator{&ends_}; }

private:
    static void link(Node& node, Node& next)
    {
        node.next_ = &next;
        node.previous_ = next.previous_;
        next.previous_->next_ = &node;
        next.previous_ = &node;
    }

    Node ends_;  // in front of the first and behind the last
};
